package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
)

// flagError says in the program's words what pflag does not understand.
type flagError struct {
	text string
	err  error
}

func (e flagError) Error() string { return e.text }
func (e flagError) Unwrap() error { return e.err }

// inOurWords gives an error of pflag a text in the program's words. Other errors stay as they are.
func inOurWords(err error) error {
	var (
		unknown *pflag.NotExistError
		lacking *pflag.ValueRequiredError
		wrong   *pflag.InvalidValueError
		syntax  *pflag.InvalidSyntaxError
	)
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		return flagError{"unknown flag: -" + unknown.GetSpecifiedShortnames(), err}
	case errors.As(err, &lacking):
		return flagError{fmt.Sprintf("--%s needs a value", lacking.GetFlag().Name), err}
	case errors.As(err, &wrong):
		return flagError{fmt.Sprintf("--%s: %s", wrong.GetFlag().Name, wrongText(wrong)), err}
	case errors.As(err, &syntax):
		return flagError{fmt.Sprintf("%q is not a flag", syntax.GetSpecifiedFlag()), err}
	}
	return err
}

// wrongText says what is wrong with the value of a flag. Flags of the program's own kinds say it
// themselves, and name the value.
func wrongText(e *pflag.InvalidValueError) string {
	kinds := map[string]string{
		"bool":        "true or false",
		"int":         "a whole number",
		"float64":     "a number",
		"duration":    "a time such as 30s, 5m or 2h",
		"stringSlice": "a list of names with commas between them",
	}
	if kind, known := kinds[e.GetFlag().Value.Type()]; known {
		return fmt.Sprintf("%q is not %s", e.GetValue(), kind)
	}
	return e.Unwrap().Error()
}
