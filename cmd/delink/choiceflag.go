package main

import (
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"delink/pkg/zoho"
)

// choiceFlag is the value of a flag that takes one of a few words. It holds the word itself, however
// it was written.
type choiceFlag struct {
	word *string
	read func(string) (string, error) // gives the word that is meant
}

// defineChoice adds a flag that takes one of choices. An empty word is one of them only if it is the
// default.
func defineChoice(flags *pflag.FlagSet, word *string, name, usual, usage string) {
	read := func(s string) (string, error) {
		if s == usual {
			return s, nil
		}
		for _, c := range choices[name] {
			if strings.EqualFold(c, s) {
				return c, nil
			}
		}
		return "", fmt.Errorf("%q is not %s", s, oneOf(choices[name]))
	}
	if name == "dc" {
		read = readCentre
	}
	*word = usual
	flags.Var(&choiceFlag{word, read}, name, usage)
}

// readCentre gives the short name of a data centre, which an address stands for as well. An empty
// text names none.
func readCentre(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	dc, err := zoho.DataCentreByName(s)
	return dc.Name, err
}

func (c *choiceFlag) String() string {
	if c.word == nil { // pflag asks for the zero value of the type
		return ""
	}
	return *c.word
}

func (c *choiceFlag) Set(s string) error {
	word, err := c.read(s)
	if err == nil {
		*c.word = word
	}
	return err
}

func (*choiceFlag) Type() string { return "word" }
