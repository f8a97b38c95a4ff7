// Package knob is the configuration of the emulator: every field is a knob that has a name, a
// default and a help text, and can be set from text.
package knob

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Knob is one field of [Config], as users see it.
type Knob struct {
	Name    string   `json:"name"`
	Subject string   `json:"subject"` // what it is about; knobs of a subject stand together
	Default string   `json:"default"`
	Help    string   `json:"help"`
	Values  []string `json:"values,omitempty"` // nil where anything of the right form goes
}

// A field is a Knob with the place of its field in Config.
type field struct {
	Knob
	index int
	words map[string]string // words that stand for values
}

// knobs are read from the tags of Config, so every field has its knob. The first knob of a subject
// names it.
var knobs = readKnobs()

func readKnobs() []field {
	t := reflect.TypeFor[Config]()
	ks := make([]field, 0, t.NumField())
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		subject := tag.Get("subject")
		if subject == "" && i > 0 {
			subject = ks[i-1].Subject
		}
		k := field{Knob: Knob{Name: tag.Get("knob"), Subject: subject, Default: tag.Get("default"), Help: tag.Get("help")}, index: i}
		if v := tag.Get("values"); v != "" {
			k.Values = strings.Split(v, "|")
		}
		if w := tag.Get("words"); w != "" {
			k.words = map[string]string{}
			for pair := range strings.SplitSeq(w, "|") {
				word, value, _ := strings.Cut(pair, "=")
				k.words[word] = value
			}
		}
		ks = append(ks, k)
	}
	return ks
}

// List returns all knobs, in the order of [Config].
func List() []Knob {
	list := make([]Knob, len(knobs))
	for i, k := range knobs {
		list[i] = k.Knob
		list[i].Values = slices.Clone(k.Values)
	}
	return list
}

// Set gives the knob of that name the value, written as in the help.
func (c *Config) Set(name, value string) error {
	i := slices.IndexFunc(knobs, func(k field) bool { return k.Name == name })
	if i < 0 {
		return fmt.Errorf("unknown knob %q", name)
	}
	k := knobs[i]
	if err := k.set(reflect.ValueOf(c).Elem().Field(k.index), value); err != nil {
		return fmt.Errorf("knob %s: %w", name, err)
	}
	return nil
}

// SetAll sets knobs written as name=value, in order. It stops at the first that is wrong.
func (c *Config) SetAll(settings ...string) error {
	for _, s := range settings {
		name, value, ok := strings.Cut(s, "=")
		if !ok {
			return fmt.Errorf("knob %q lacks a value: write %s=value", s, s)
		}
		if err := c.Set(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

func (k field) set(field reflect.Value, value string) error {
	if k.Values != nil && !slices.Contains(k.Values, value) {
		return fmt.Errorf("%q is not one of %s", value, strings.Join(k.Values, ", "))
	}
	if w, ok := k.words[value]; ok {
		value = w
	}
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(value))
	}
	switch p := field.Addr().Interface().(type) {
	case *string:
		*p = value
	case *bool:
		b, err := strconv.ParseBool(value)
		if err != nil {
			return fmt.Errorf("%q is not true or false", value)
		}
		*p = b
	case *int:
		n, err := strconv.Atoi(value)
		if err != nil || n < -1 || n < 0 && k.words == nil {
			return fmt.Errorf("%q is not a whole number from 0", value)
		}
		*p = n
	case *uint64:
		n, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number from 0", value)
		}
		*p = n
	case *time.Duration:
		d, err := parseDuration(value)
		if err != nil {
			return err
		}
		*p = d
	default:
		return fmt.Errorf("fields of type %s cannot be set", field.Type())
	}
	return nil
}

// WithDefaults returns the configuration with defaults where fields are zero.
func (c Config) WithDefaults() Config {
	v := reflect.ValueOf(&c).Elem()
	for _, k := range knobs {
		field := v.Field(k.index)
		if !field.IsZero() || k.Default == "" {
			continue
		}
		// A test sets every default, so there is no error here.
		_ = k.set(field, k.Default)
	}
	return c
}
