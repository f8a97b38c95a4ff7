package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"delink/pkg/worker"
	"delink/pkg/zoho"
	oauth "delink/pkg/zoho/login"
)

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Questions to the org keep to the rate, and what is sent behind them does as well.
func TestPacedQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var at []time.Duration
		h := &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return &http.Response{StatusCode: 404, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}"))}, nil
		})}
		tokens := oauth.NewSource(oauth.Credentials{AccessToken: "1000.x"}, oauth.Server{Accounts: "http://localhost", HTTP: h}, nil)
		client, err := zoho.NewClient(tokens, h, zoho.Options{APIDomain: "http://localhost", Version: "v8", Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		pace := worker.NewRate(0.5)
		p := paced{client, pace}
		_, _ = p.Org(t.Context())
		_, _ = p.Lists(t.Context(), "Campaigns")
		_, _ = p.Lists(t.Context(), "Products")
		if len(at) != 3 || at[0] != 0 || at[1] != 2*time.Second || at[2] != 4*time.Second {
			t.Errorf("questions at %v", at)
		}
		if wait := pace.Reserve().Delay(); wait != 2*time.Second {
			t.Errorf("the next call waits %v", wait)
		}
	})
}
