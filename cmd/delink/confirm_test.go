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

func TestAnswer(t *testing.T) {
	type typed = struct {
		name, typed string
		yes         bool
	}
	for _, c := range append(answers, typed{"end of input", "", false}, typed{"a line without its end", "y", false}) {
		t.Run(c.name, func(t *testing.T) {
			a, err := readAnswer(t.Context(), strings.NewReader(c.typed))
			if want := (answer{yes: c.yes, line: strings.HasSuffix(c.typed, "\n")}); err != nil || a != want {
				t.Errorf("%q gives %+v and %v, want %+v", c.typed, a, err, want)
			}
		})
	}
}

// A signal ends the wait for an answer.
func TestAnswerSignalled(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	cancel(errSignalled)
	if _, err := readAnswer(ctx, r); !errors.Is(err, errSignalled) {
		t.Errorf("it gives %v", err)
	}
}

// The question names the undo that finds the links and the results of this run.
func TestWayBack(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{"links.csv", "delink undo links.csv can link them again, but"},
		{"-links.csv", "delink undo ./-links.csv can link them again, but"},
		{"a b.csv --module=Campaigns --relation=Leads --yes", "delink undo 'a b.csv', with the same --module and --relation, can link them again, but"},
		{"- --results=r.csv", "delink undo, with the same input, with the same --results, can link them again, but"},
	} {
		input, flags, _ := strings.Cut(test.input, " --")
		p := &program{}
		cmd := p.runCommand()
		if flags != "" {
			if err := cmd.ParseFlags(strings.Fields("--" + flags)); err != nil {
				t.Fatal(err)
			}
		}
		r := &runner{f: &runFlags{command: asGiven(cmd, input)}}
		if got := r.wayBack(&planView{Input: input}); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: %s", test.input, got)
		}
	}
}
