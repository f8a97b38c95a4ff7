package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"delink/pkg/disk"
	"delink/pkg/job"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

// storedLogin is a login that auth login keeps: one for each data centre and org.
type storedLogin struct {
	DC           string    `json:"dc"`
	Org          string    `json:"org"`
	OrgID        string    `json:"org_id"`
	OrgType      string    `json:"org_type"`
	Accounts     string    `json:"accounts_url"`
	APIDomain    string    `json:"api_domain"`
	Scopes       []string  `json:"scopes"`
	Made         time.Time `json:"made_at,omitzero"`  // zero if it is not known
	Default      bool      `json:"default,omitempty"` // chosen with auth use
	ClientID     string    `json:"client_id"`
	ClientSecret string    `json:"client_secret"`
	RefreshToken string    `json:"refresh_token"`
}

// name is what people call the login.
func (s *storedLogin) name() string {
	return fmt.Sprintf("%s (%s)", cmp.Or(s.Org, noName), s.DC)
}

const noName = "an org whose name is not known"

// full gives the name, and what tells logins of the same name apart. A sandbox often has the name
// of its production org.
func (s *storedLogin) full() string {
	about := s.DC
	if s.OrgType != "" && s.OrgType != "production" {
		about += ", " + s.OrgType
	}
	if s.OrgID != "" {
		about += ", id " + s.OrgID
	}
	return fmt.Sprintf("%s (%s)", cmp.Or(s.Org, noName), about)
}

// replaces reports whether the other login is for the same org of the same data centre: there is
// never more than one. An org keeps its id when it gets a new name.
func (s *storedLogin) replaces(o *storedLogin) bool {
	return s.DC == o.DC && s.OrgID == o.OrgID && (s.OrgID != "" || s.Org == o.Org)
}

// is reports whether the login is the one meant by --org and --dc; empty means any.
func (s *storedLogin) is(dc, org string) bool {
	return (dc == "" || strings.EqualFold(s.DC, dc)) && (org == "" || strings.EqualFold(s.Org, org) || s.OrgID == org)
}

// loginsPath gives the file of the logins. Only the user can read it.
func loginsPath() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", &job.Refusal{Cause: "there is no folder for logins", Err: err, Hint: "set HOME, or give the credentials in the environment"}
	}
	return filepath.Join(folder, "delink", "logins.json"), nil
}

// readLogins reads the stored logins.
func readLogins() ([]storedLogin, error) {
	path, err := loginsPath()
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, &job.Refusal{Err: err}
	}
	var logins []storedLogin
	if err := json.Unmarshal(b, &logins); err != nil {
		return nil, &job.Refusal{Cause: path + " is damaged: " + faultOfJSON(err), Hint: "remove it, and log in again with delink auth login"}
	}
	for i := range logins {
		if err := logins[i].checkAddresses(); err != nil {
			return nil, &job.Refusal{Cause: path + " is damaged", Err: err, Hint: "remove it, and log in again with delink auth login"}
		}
	}
	return logins, nil
}

// checkAddresses refuses addresses to which no secret may be sent. Somebody may have changed the file.
func (s *storedLogin) checkAddresses() error {
	for _, address := range []string{s.Accounts, s.APIDomain} {
		if address == "" {
			continue
		}
		if _, err := zoho.CheckBaseURL(address); err != nil {
			return err
		}
	}
	return nil
}

// faultOfJSON says why JSON cannot be read, without the words of Go. It shows nothing of the file,
// which may hold secrets.
func faultOfJSON(err error) string {
	if kind := new(json.UnmarshalTypeError); errors.As(err, &kind) && kind.Field != "" {
		return fmt.Sprintf("%q has a value of another kind", kind.Field)
	}
	return "it is not what delink writes there"
}

// changeLogins replaces the stored logins by what change makes of them. A lock keeps other
// processes from doing the same meanwhile.
func changeLogins(change func([]storedLogin) []storedLogin) (path string, err error) {
	if path, err = loginsPath(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", notStored(err)
	}
	if path, err = disk.Resolve(path); err != nil { // the file may be a symbolic link
		return "", notStored(err)
	}
	unlock, err := lockLogins(path)
	if err != nil {
		return "", err
	}
	defer unlock()
	logins, err := readLogins()
	if err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(change(logins), "", "  ")
	if err != nil {
		return "", err
	}
	err = disk.OS{}.Replace(path, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
	if err != nil {
		return "", notStored(err)
	}
	return path, nil
}

// lockLogins locks the file of the logins. It waits up to two seconds for another process that
// changes them, which takes far less unless that process was stopped.
func lockLogins(path string) (unlock func(), err error) {
	for tries := 20; ; tries-- {
		held, err := disk.OS{}.Lock(path)
		switch locked := new(disk.Locked); {
		case err == nil:
			return held.Unlock, nil
		case !errors.As(err, &locked):
			return nil, notStored(err)
		case tries == 0:
			return nil, &job.Refusal{Cause: path + " is being changed by another process", Err: err, Hint: "end that process, then try again"}
		}
		time.Sleep(100 * time.Millisecond) // no call waits until another process unlocks
	}
}

// tryLogins returns the error for which a login could not be stored.
func tryLogins() error {
	if _, err := readLogins(); err != nil {
		return err
	}
	path, err := loginsPath()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return notStored(err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".logins-*")
	if err != nil {
		return notStored(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func notStored(err error) error {
	return &job.Refusal{
		Cause: "logins cannot be stored", Err: err,
		Hint: "make the folder writable, or choose another one with XDG_CONFIG_HOME, or give the credentials in the environment",
	}
}

// chooseLogin finds the stored login that is used; nil if there is none. If several fit, it is the
// default. A name that fits several is not decided by the default: it may be meant for another.
func chooseLogin(dc, org string) (*storedLogin, error) {
	logins, err := readLogins()
	if err != nil {
		return nil, err
	}
	if org == "" {
		for _, l := range logins {
			if l.Default && l.is(dc, "") {
				return &l, nil
			}
		}
	}
	return onlyLogin(logins, dc, org)
}

// onlyLogin finds the one login that is meant; nil if there is none.
func onlyLogin(logins []storedLogin, dc, org string) (*storedLogin, error) {
	var fit []storedLogin
	for _, l := range logins {
		if l.is(dc, org) {
			fit = append(fit, l)
		}
	}
	switch len(fit) {
	case 0:
		return nil, nil
	case 1:
		return &fit[0], nil
	}
	return nil, usageError{
		fmt.Errorf("several logins are stored: %s", names(fit)),
		"choose one with --org and its name or id, or with --dc; delink auth use NAME chooses one for all commands",
	}
}

// names lists logins for people.
func names(logins []storedLogin) string {
	var all []string
	for _, l := range logins {
		all = append(all, l.full())
	}
	return strings.Join(all, ", ")
}

// meant is the part of a message that says which login was looked for.
func meant(dc, org string) string {
	var s string
	if dc != "" {
		s += " for data centre " + dc
	}
	if org != "" {
		s += " for the org " + org
	}
	return s
}

// storeLogin adds a login, in place of an older one for the same org. lost tells that the older one may
// be of another org, because neither knows its own.
func storeLogin(l storedLogin) (path string, lost bool, err error) {
	path, err = changeLogins(func(logins []storedLogin) []storedLogin {
		logins = slices.DeleteFunc(logins, func(o storedLogin) bool {
			old := l.replaces(&o)
			l.Default = l.Default || old && o.Default
			lost = lost || old && o.OrgID == "" && o.Org == "" && o.RefreshToken != l.RefreshToken
			return old
		})
		return append(logins, l)
	})
	return path, lost, err
}

func (s *storedLogin) login() oauth.Credentials {
	return oauth.Credentials{ClientID: s.ClientID, ClientSecret: s.ClientSecret, RefreshToken: s.RefreshToken}
}
