package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// valueForms say what a flag of a type takes, in place of Go's own words for it.
var valueForms = map[string]string{
	"int":      "it takes a whole number, such as 10",
	"int64":    "it takes a whole number, such as 10",
	"uint64":   "it takes a whole number from 0, such as 7",
	"duration": "it takes a time with its unit, such as 500ms, 5s or 1m30s",
	"bool":     "it takes true or false",
}

// explainFlag says of a flag's value what is wrong with it, and shows the right form.
func explainFlag(_ *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f := invalid.GetFlag()
	return usageErrorf("--%s %q: %w", f.Name, invalid.GetValue(), whyInvalid(f, err))
}

// whyInvalid is why a flag didn't take a value, as pflag's error has it.
func whyInvalid(f *pflag.Flag, err error) error {
	if form, ok := valueForms[f.Value.Type()]; ok && !errors.Is(err, strconv.ErrRange) {
		return errors.New(form)
	}
	var number *strconv.NumError
	if errors.As(err, &number) {
		return number.Err // without the name of Go's function
	}
	return errors.Unwrap(err)
}
