package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/cli"
	"github.com/solatis/solatis-cli/internal/term"
)

// TestTypesCompile lets the TypeScript compiler check what solatis types prints: alone, with
// a handler, and with samples of every type as literals, which may have no field more and
// none less.
func TestTypesCompile(t *testing.T) {
	node, err := exec.LookPath("node")
	compiler := filepath.Join("testdata", "typescript", "node_modules", "typescript", "bin", "tsc")
	if err == nil {
		_, err = os.Stat(compiler)
	}
	if err != nil {
		advice := "install Node.js and run npm ci in internal/cli/testdata/typescript"
		if os.Getenv("CI") != "" {
			t.Fatal("can't run under CI: " + advice)
		}
		t.Skip(advice)
	}
	var types, said bytes.Buffer
	streams := term.Streams{In: strings.NewReader(""), Out: &types, Err: &said}
	if code := cli.Main([]string{"types", "--lang", "typescript"}, streams, func(string) string { return "" }); code != 0 {
		t.Fatalf("exit code %d: %s", code, &said)
	}
	handler, err := os.ReadFile(filepath.Join("testdata", "typescript", "handler.ts"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"events.ts": types.Bytes(), "handler.ts": handler, "samples.ts": samples(t)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tsc := exec.Command(node, compiler, "--strict", "--noEmit", "--target", "es2022", "--module", "esnext",
		"--moduleResolution", "bundler", "--noUncheckedIndexedAccess",
		filepath.Join(dir, "handler.ts"), filepath.Join(dir, "samples.ts"))
	if out, err := tsc.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// samples are bodies of all types as TypeScript.
func samples(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	b.WriteString("import type { SolatisEvent } from \"./events\";\n\nexport const samples: SolatisEvent[] = [\n")
	for _, typ := range catalog.Types() {
		fmt.Fprintf(&b, "%s,\n", typ.Sample())
		for seed := range uint64(10) {
			body, err := typ.Generate(catalog.Options{ID: "evt_1", Now: time.Unix(0, 0), Seed: &seed})
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%s,\n", body)
		}
	}
	b.WriteString("];\n")
	return b.Bytes()
}
