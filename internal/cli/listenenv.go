package cli

import (
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/envfile"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
)

// envFlag is --write-env: the variable that gets the signing secret, and its file. The
// zero one is for none.
type envFlag struct{ file, name string }

// parseEnvFlag reads FILE:NAME. A file's path may have colons in it, as on Windows.
func parseEnvFlag(s string) (envFlag, error) {
	if s == "" {
		return envFlag{}, nil
	}
	colon := strings.LastIndexByte(s, ':')
	if colon < 1 {
		return envFlag{}, usageErrorf("--write-env %q: it takes a file and the name of a variable, such as .env:SOLATIS_WEBHOOK_SECRET", s)
	}
	e := envFlag{file: s[:colon], name: s[colon+1:]}
	if err := envfile.CheckName(e.name); err != nil {
		return e, usageErrorf("--write-env %q: %w", s, err)
	}
	return e, nil
}

// write puts the secret where the app finds it. It says so, since a file of the project's
// is changed.
func (e envFlag) write(a *app, secret signature.Secret) error {
	if e.file == "" {
		return nil
	}
	changed, err := envfile.Set(e.file, e.name, secret.Reveal())
	if err != nil {
		return fmt.Errorf("--write-env: %w", err)
	}
	said := "%s holds the signing secret already, in %s"
	if changed {
		said = "%s has the signing secret now, in %s: start your app again if it has read it before"
	}
	fmt.Fprintf(a.streams.Err, "> "+said+"\n", e.name, term.Sanitize(e.file))
	return nil
}
