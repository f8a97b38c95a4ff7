package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The files that docs/install.md names are made, under these names and with this version.
func TestInstallNamesWhatIsMade(t *testing.T) {
	docs, err := os.ReadFile("../../docs/install.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../../cmd/delink/version.go")
	if err != nil {
		t.Fatal(err)
	}
	r := &release{version: string(regexp.MustCompile(`const version = "(.*)"`).FindSubmatch(source)[1])}
	var made []string
	for _, target := range allTargets {
		endings := []string{"", ".tar.gz", ".cdx.json"}
		switch target.os {
		case "linux":
			endings = append(endings, ".deb", ".rpm", ".apk", ".oci.tar")
		case "windows":
			endings = []string{"", ".zip", ".cdx.json"}
		}
		for _, ending := range endings {
			made = append(made, r.name(target)+ending)
		}
	}
	named := regexp.MustCompile(`delink_[0-9][\w.]*\w`).FindAllString(string(docs), -1)
	if len(named) < 10 {
		t.Fatalf("docs/install.md names %v", named)
	}
	for _, name := range named {
		if !slices.Contains(made, name) {
			t.Errorf("docs/install.md names %s, which is not made; there are\n%s", name, strings.Join(made, "\n"))
		}
	}
	if tag := "delink:" + r.version; strings.Count(string(docs), "delink:") != strings.Count(string(docs), tag) {
		t.Errorf("docs/install.md names an image that is not %s", tag)
	}
}
