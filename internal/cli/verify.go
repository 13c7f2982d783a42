package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/solatis/solatis-cli/internal/event"
	"github.com/solatis/solatis-cli/internal/folders"
	"github.com/solatis/solatis-cli/internal/history"
	"github.com/solatis/solatis-cli/internal/signature"
	"github.com/solatis/solatis-cli/internal/term"
	"github.com/spf13/cobra"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	app *app

	signatures []string
	given      bool // whether --signature was
	event      string
	secret     secretFlags
	output     string
}

func (a *app) newVerify() *cobra.Command {
	o := &verifyOptions{app: a}
	cmd := &cobra.Command{
		Use:   "verify [FILE|-]",
		Short: "Verify a signature, and say why it is wrong",
		Long: `verify holds a signature against the bytes of FILE, or of standard input, or looks at a
recorded event. Where it is wrong it tries what people get wrong, such as a body that
was parsed and written again, and says which of these it is and how to mend that in
Express, Flask and Go; where it is none of these it says so.

--signature given twice stands for two headers, and --signature '' for none. Exits
with 3 if the signature is wrong.`,
		Example: `  solatis verify event.json --signature 3fa4…
  solatis verify --event evt_abc123xyz
  solatis verify --event last --output json`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.given = cmd.Flags().Changed("signature")
			return o.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.signatures, "signature", nil, "the header's value; may be given several times")
	f.StringVar(&o.event, "event", "", "look at this recorded event: its id, the beginning of it, or last for the newest")
	o.secret.declare(f)
	f.StringVar(&o.output, "output", "plain", "plain, or json for one object")
	return withSettings(cmd)
}

func (o *verifyOptions) run(ctx context.Context, args []string) error {
	if err := oneOf("--output", o.output, "plain", "json"); err != nil {
		return err
	}
	evidence, err := o.evidence(ctx, args)
	if err != nil {
		return err
	}
	if evidence.Secret, _, err = o.secret.resolve(o.app); err != nil {
		return err
	}
	evidence.Others = o.app.otherSecrets(evidence.Secret)
	d := signature.Diagnose(evidence)
	if o.output == "json" {
		err = o.app.printJSON(verificationOf(d, evidence))
	} else {
		err = o.print(d, evidence)
	}
	if err == nil && d.Verdict != signature.Valid {
		err = &codedError{exitBadSign, nil}
	}
	return err
}

// evidence returns the body and the header's values.
func (o *verifyOptions) evidence(ctx context.Context, args []string) (e signature.Evidence, err error) {
	switch {
	case o.event != "" && (len(args) > 0 || o.given):
		return e, usageErrorf("--event %s: the body and the signature are those that were recorded; leave FILE and --signature out", o.event)
	case o.event != "":
		err = o.app.withHistory(ctx, func(h *history.History) error {
			id, err := findRequest(ctx, h, o.event)
			if err != nil {
				return err
			}
			r, err := h.Request(ctx, id)
			if err == nil {
				e.Body, e.Values = r.Body, r.Header[signature.HeaderName]
			}
			return err
		})
		return e, err
	case !o.given:
		return e, usageErrorf("say which signature: --signature with the value of the %s header, or --event with a recorded event", signature.HeaderName)
	}
	e.Body, err = o.app.readBody(args)
	e.Values = o.signatures
	return e, err
}

// otherSecrets are those of all profiles but the one that is in use. They are only there
// to be recognised, so what can't be read is left out.
func (a *app) otherSecrets(own signature.Secret) (all []signature.Named) {
	f, err := folders.Resolve(a.env)
	if err != nil {
		return nil
	}
	for _, name := range a.profileNames() {
		secret, err := folders.ReadSecret(f.SecretOf(name))
		if err == nil && secret.Reveal() != own.Reveal() {
			all = append(all, signature.Named{Name: name, Secret: secret})
		}
	}
	return all
}

func (o *verifyOptions) print(d signature.Diagnosis, e signature.Evidence) error {
	var b strings.Builder
	p := o.app.palette(o.app.streams.OutTTY)
	if d.Verdict == signature.Valid {
		fmt.Fprintf(&b, "%s: of these %d bytes, with the secret %s\n", p.Good("signature valid"), len(e.Body), e.Secret.Masked())
	} else {
		fmt.Fprintf(&b, "%s: %s\n", p.Bad("signature wrong"), d.Verdict.Explain())
		fmt.Fprintf(&b, "for these %d bytes and the secret %s it is %s\n", len(e.Body), e.Secret.Masked(), signature.Sign(e.Secret, e.Body))
	}
	for _, c := range d.Causes {
		fix := c.Fix()
		fmt.Fprintf(&b, "\n%s\n", term.Sanitize(c.Explain()))
		fmt.Fprintf(&b, "  Express  %s\n  Flask    %s\n  Go       %s\n", fix.Express, fix.Flask, fix.Go)
	}
	_, err := fmt.Fprint(o.app.streams.Out, b.String())
	return err
}

// verificationJSON is a verification in --output json.
type verificationJSON struct {
	Type     string            `json:"type"` // "verification"
	Valid    bool              `json:"valid"`
	Verdict  signature.Verdict `json:"verdict"`
	Bytes    int               `json:"bytes"`    // of the body
	Secret   string            `json:"secret"`   // masked
	Expected string            `json:"expected"` // the right signature
	Causes   []causeJSON       `json:"causes,omitempty"`
}

type causeJSON struct {
	ID          signature.CauseID `json:"id"`
	Detail      string            `json:"detail,omitempty"`
	Explanation string            `json:"explanation"`
	Express     string            `json:"express"`
	Flask       string            `json:"flask"`
	Go          string            `json:"go"`
}

func verificationOf(d signature.Diagnosis, e signature.Evidence) verificationJSON {
	v := verificationJSON{
		Type: "verification", Valid: d.Verdict == signature.Valid, Verdict: d.Verdict, Bytes: len(e.Body),
		Secret: e.Secret.Masked(), Expected: signature.Sign(e.Secret, e.Body),
	}
	for _, c := range d.Causes {
		fix := c.Fix()
		v.Causes = append(v.Causes, causeJSON{c.ID, c.Detail, c.Explain(), fix.Express, fix.Flask, fix.Go})
	}
	return v
}

// diagnose returns what a session says of a bad signature, in a line.
func (a *app) diagnose(secret signature.Secret) func(*event.Request) string {
	others := a.otherSecrets(secret)
	return func(r *event.Request) string {
		if len(r.Header[signature.HeaderName]) != 1 {
			return "" // none, or several: the line has said so
		}
		return signature.Diagnose(signature.Evidence{
			Body: r.Body, Values: r.Header[signature.HeaderName], Secret: secret, Others: others,
		}).Summary()
	}
}
