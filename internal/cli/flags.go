package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/nearest"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/spf13/pflag"
)

// oneOf refuses a flag's value that isn't among the allowed ones.
func oneOf(flag, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	hint := ""
	if match, ok := nearest.Match(value, allowed); ok {
		hint = "; did you mean " + match + "?"
	}
	return usageErrorf("%s %q: it takes %s%s", flag, value, strings.Join(allowed, ", "), hint)
}

// secretFlags say which secret signs and verifies.
type secretFlags struct {
	text string
	file string
}

func (s *secretFlags) declare(flags *pflag.FlagSet) {
	flags.StringVar(&s.text, "secret", "", "signing secret; other users can see it in process listings, so rather use --secret-file or SOLATIS_WEBHOOK_SECRET")
	flags.StringVar(&s.file, "secret-file", "", "file that holds the signing secret")
}

// given returns the secret that the user gave, by flag or environment, or a zero one.
func (s *secretFlags) given(env func(string) string) (signature.Secret, error) {
	switch {
	case s.text != "" && s.file != "":
		return signature.Secret{}, usageErrorf("--secret and --secret-file: give one of both")
	case s.text != "":
		return signature.NewSecret(s.text)
	case s.file != "":
		return secretFromFile(s.file)
	}
	if text := env("SOLATIS_WEBHOOK_SECRET"); text != "" {
		return signature.NewSecret(text)
	}
	return signature.Secret{}, nil
}

// secretFromFile reads a secret, without the line break that editors put at the end.
func secretFromFile(path string) (signature.Secret, error) {
	secret, err := folders.ReadSecret(path)
	if err != nil {
		return signature.Secret{}, usageErrorf("--secret-file: %w", err)
	}
	return secret, nil
}

// resolve returns the secret that was given, or else the profile's own, which is made at
// its first use.
func (s *secretFlags) resolve(a *app) (secret signature.Secret, generated bool, err error) {
	secret, err = s.given(a.env)
	if err != nil || !secret.IsZero() {
		return secret, false, err
	}
	f, err := folders.Resolve(a.env)
	if err != nil {
		return signature.Secret{}, false, errors.Join(err, errors.New("without it, give a secret by --secret-file or SOLATIS_WEBHOOK_SECRET"))
	}
	secret, _, err = folders.LoadOrCreateSecret(f.SecretOf(a.profileName()))
	return secret, true, err
}
