package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"delink/pkg/job"
	"delink/pkg/report"
	"delink/pkg/zoho"
)

// storedLogin is a login that auth login keeps: one for each data centre and org.
type storedLogin struct {
	DC           string   `json:"dc"`
	Org          string   `json:"org"`
	OrgID        string   `json:"org_id"`
	OrgType      string   `json:"org_type"`
	Accounts     string   `json:"accounts_url"`
	APIDomain    string   `json:"api_domain"`
	Scopes       []string `json:"scopes"`
	ClientID     string   `json:"client_id"`
	ClientSecret string   `json:"client_secret"`
	RefreshToken string   `json:"refresh_token"`
}

// name is what people call the login.
func (s *storedLogin) name() string {
	org := s.Org
	if org == "" {
		org = "an org whose name is not known"
	}
	return fmt.Sprintf("%s (%s)", org, s.DC)
}

// is reports whether the login is the one meant by --org and --dc; empty means any.
func (s *storedLogin) is(dc, org string) bool {
	return (dc == "" || strings.EqualFold(s.DC, dc)) && (org == "" || strings.EqualFold(s.Org, org) || s.OrgID == org)
}

// loginsPath is the file of the logins, mode 0600.
func loginsPath() (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", &job.Refusal{Cause: "there is no folder for logins", Err: err, Hint: "set HOME, or give the credentials in the environment"}
	}
	return filepath.Join(folder, "delink", "logins.json"), nil
}

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
		return nil, &job.Refusal{Cause: path + " is damaged", Err: err, Hint: "remove it, and log in again with delink auth login"}
	}
	return logins, nil
}

func writeLogins(logins []storedLogin) (path string, err error) {
	if path, err = loginsPath(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	b, err := json.MarshalIndent(logins, "", "  ")
	if err != nil {
		return "", err
	}
	return path, report.OS{}.Replace(path, func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// chooseLogin finds the stored login that is meant; nil if there is none.
func chooseLogin(dc, org string) (*storedLogin, error) {
	logins, err := readLogins()
	if err != nil {
		return nil, err
	}
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
	var names []string
	for _, l := range fit {
		names = append(names, l.name())
	}
	return nil, usageError{fmt.Errorf("several logins are stored: %s", strings.Join(names, ", ")), "choose one with --org NAME, or --dc"}
}

// storeLogin adds a login, in the place of the one for the same org.
func storeLogin(l storedLogin) (path string, err error) {
	logins, err := readLogins()
	if err != nil {
		return "", err
	}
	logins = slices.DeleteFunc(logins, func(o storedLogin) bool { return o.DC == l.DC && o.Org == l.Org && o.OrgID == l.OrgID })
	return writeLogins(append(logins, l))
}

func (s *storedLogin) login() zoho.Login {
	return zoho.Login{ClientID: s.ClientID, ClientSecret: s.ClientSecret, RefreshToken: s.RefreshToken}
}
