package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
)

// answers are what people type at the question, and whether that is a yes.
var answers = []struct {
	name, typed string
	yes         bool
}{
	{"y", "y\n", true},
	{"Y", "Y\n", true},
	{"yes", "yes\n", true},
	{"capitals", "YES\n", true},
	{"blanks around it", " y \n", true},
	{"enter", "\n", false},
	{"blanks", "  \n", false},
	{"n", "n\n", false},
	{"no", "no\n", false},
	{"nearly yes", "yess\n", false},
	{"two letters", "yy\n", false},
	{"another language", "ja\n", false},
	{"a sentence", "yes please\n", false},
	{"yes in the second line", "n\ny\n", false},
}

func TestConfirm(t *testing.T) {
	type answer = struct {
		name, typed string
		yes         bool
	}
	for _, c := range append(answers, answer{"end of input", "", false}, answer{"a line without its end", "y", false}) {
		t.Run(c.name, func(t *testing.T) {
			switch err := confirm(t.Context(), strings.NewReader(c.typed)); {
			case c.yes && err != nil:
				t.Errorf("%q is no yes: %v", c.typed, err)
			case !c.yes && !errors.Is(err, errNotConfirmed):
				t.Errorf("%q gives %v", c.typed, err)
			}
		})
	}
}

// A signal ends the wait for an answer.
func TestConfirmSignalled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	cancel(errSignalled)
	if err := confirm(ctx, r); !errors.Is(err, errSignalled) {
		t.Errorf("it gives %v", err)
	}
}
