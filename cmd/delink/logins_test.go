package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"delink/pkg/disk"
)

// Logins that are stored at the same time are all there afterwards.
func TestLoginsAtTheSameTime(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	const n = 8
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, _, err := storeLogin(storedLogin{DC: "us", OrgID: fmt.Sprint(i), RefreshToken: fmt.Sprint("1000.", i)}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	logins, err := readLogins()
	if err != nil || len(logins) != n {
		t.Errorf("%d logins, %v", len(logins), err)
	}
	path, err := loginsPath()
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if files, _ := os.ReadDir(filepath.Dir(path)); len(files) != 1 {
		t.Errorf("%v", files)
	}
	held, err := disk.OS{}.Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Unlock()
	if _, _, err := storeLogin(storedLogin{DC: "eu"}); err == nil {
		t.Error("changed under another's lock")
	}
}
