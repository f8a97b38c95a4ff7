package page

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var (
	pictures = flag.String("pictures", "", "`folder` for pictures of the pages that the browser shows")
	ofPage   = flag.String("picture-of", "", "`page` to take one picture of")
	picture  = flag.String("picture", "", "`file` for that picture")
)

// TestPicture takes the picture of a page that is there, for people. The other tests make their own
// pages.
func TestPicture(t *testing.T) {
	if *ofPage == "" {
		t.Skip("-picture-of and -picture say of what, and where to")
	}
	p := newTab(t)
	p.look(1280, 800, false)
	p.visit(*ofPage)
	p.until(`!document.getElementById("failed-data") || document.querySelector("#grid-body tr[role=row]")`)
	save(t, *picture, p.picture(0))
	p.shots(t, filepath.Dir(*picture), "all")
}

func save(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// shots takes pictures in both widths and themes, if a folder is given.
func (p *tab) shots(t *testing.T, folder, name string) {
	if folder == "" {
		return
	}
	for _, width := range []int{375, 1280} {
		for _, dark := range []bool{false, true} {
			p.look(width, 800, dark)
			theme := map[bool]string{false: "light", true: "dark"}[dark]
			save(t, filepath.Join(folder, fmt.Sprintf("%s-%d-%s.png", name, width, theme)), p.picture(0))
		}
	}
	p.look(1280, 800, true)
	save(t, filepath.Join(folder, name+".pdf"), p.print())
}
