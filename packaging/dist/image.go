package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"
)

// user is the user of the image. Its number is the one that images without a system commonly have.
const user = 65532

// descriptor names a blob of an image.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type platform struct {
	Architecture string `json:"architecture"`
	OS           string `json:"os"`
	Variant      string `json:"variant,omitempty"`
}

// imageConfig says how a container is started from an image.
type imageConfig struct {
	Created string `json:"created"`
	platform
	Config struct {
		User       string
		Env        []string
		Entrypoint []string
		WorkingDir string
		Labels     map[string]string
	} `json:"config"`
	RootFS struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []map[string]string `json:"history"`
}

// blobs are the files of an image under their digests.
type blobs struct{ files []file }

// add adds a blob and names it.
func (b *blobs) add(mediaType string, data []byte) descriptor {
	sum := digest(data)
	b.files = append(b.files, file{"blobs/" + strings.ReplaceAll(sum, ":", "/"), 0o644, data})
	return descriptor{MediaType: mediaType, Digest: sum, Size: len(data)}
}

func (b *blobs) addJSON(mediaType string, v any) (descriptor, error) {
	data, err := json.Marshal(v)
	return b.add(mediaType, data), err
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// image makes the image of a target: an archive in the layout of the Open Container Initiative. A
// manifest.json in it is for programs that know the format of docker save only.
func (r *release) image(t target) error {
	layer, err := r.layer(t)
	if err != nil {
		return err
	}
	packed, err := compressed(layer)
	if err != nil {
		return err
	}
	var all blobs
	inside := platformOf(t)
	layerBlob := all.add("application/vnd.oci.image.layer.v1.tar+gzip", packed)
	configBlob, err := all.addJSON("application/vnd.oci.image.config.v1+json", r.imageConfig(inside, digest(layer)))
	if err != nil {
		return err
	}
	manifest, err := all.addJSON("application/vnd.oci.image.manifest.v1+json", map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": configBlob, "layers": []descriptor{layerBlob}, "annotations": r.labels(),
	})
	if err != nil {
		return err
	}
	manifest.Platform = &inside
	manifest.Annotations = map[string]string{"org.opencontainers.image.ref.name": r.version, "io.containerd.image.name": "docker.io/library/delink:" + r.version}
	for name, v := range map[string]any{
		"oci-layout": map[string]string{"imageLayoutVersion": "1.0.0"},
		"index.json": map[string]any{"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []descriptor{manifest}},
		"manifest.json": []any{map[string]any{
			"Config": pathOf(configBlob), "RepoTags": []string{"delink:" + r.version}, "Layers": []string{pathOf(layerBlob)},
		}},
	} {
		data, err := json.Marshal(v)
		if err != nil {
			return err
		}
		all.files = append(all.files, file{name, 0o644, data})
	}
	data, err := tarOf(all.files, r.time, root)
	if err != nil {
		return err
	}
	return r.emit(r.name(t)+".oci.tar", data)
}

func pathOf(d descriptor) string { return "blobs/" + strings.ReplaceAll(d.Digest, ":", "/") }

func platformOf(t target) platform {
	p := platform{OS: t.os, Architecture: t.arch}
	switch t.arch {
	case "arm":
		p.Variant = "v6"
	case "arm64":
		p.Variant = "v8"
	}
	return p
}

// layer is the image's file system. Root certificates are in the program. The folder for data
// belongs to the user, and so does everything that the program keeps there.
func (r *release) layer(t target) ([]byte, error) {
	program, err := os.ReadFile(r.compiled(t))
	if err != nil {
		return nil, err
	}
	licence, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	files := []file{
		{"usr/bin/delink", 0o755, program},
		{"usr/share/doc/delink/LICENSE", 0o644, licence},
		{"etc/passwd", 0o644, fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\ndelink:x:%d:%d:delink:/data:/sbin/nologin\n", user, user)},
		{"etc/group", 0o644, fmt.Appendf(nil, "root:x:0:\ndelink:x:%d:\n", user)},
		{"data/", 0o755, nil},
		{"tmp/", 0o777 | fs.ModeSticky, nil},
	}
	return tarOf(files, r.time, func(name string) int {
		if name == "data/" {
			return user
		}
		return 0
	})
}

func (r *release) imageConfig(inside platform, diffID string) imageConfig {
	created := r.time.Format(time.RFC3339)
	c := imageConfig{Created: created, platform: inside}
	c.Config.User = fmt.Sprintf("%d:%d", user, user)
	c.Config.Env = []string{"PATH=/usr/bin", "HOME=/data"}
	c.Config.Entrypoint = []string{"/usr/bin/delink"}
	c.Config.WorkingDir = "/data"
	c.Config.Labels = r.labels()
	c.RootFS.Type = "layers"
	c.RootFS.DiffIDs = []string{diffID}
	c.History = []map[string]string{{"created": created, "created_by": "delink " + r.version}}
	return c
}

func (r *release) labels() map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       "delink",
		"org.opencontainers.image.description": summary,
		"org.opencontainers.image.version":     r.version,
		"org.opencontainers.image.revision":    r.commit,
		"org.opencontainers.image.created":     r.time.Format(time.RFC3339),
		"org.opencontainers.image.licenses":    "MIT",
		"org.opencontainers.image.url":         r.url,
	}
}
