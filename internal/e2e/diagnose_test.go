package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/catalog"
	"github.com/solatis/solatis-cli/internal/signature"
)

// resigned has programs in the languages that people handle webhooks in. Each reads bodies,
// one JSON string a line, and prints for each the signatures of what it makes of that body,
// by the way in which it is written again.
var resigned = map[string]struct{ args []string }{
	"node": {[]string{"-e", `
const crypto = require('crypto'), key = process.env.KEY;
const sign = s => crypto.createHmac('sha256', key).update(s).digest('hex');
for (const line of require('fs').readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const v = JSON.parse(JSON.parse(line));
  console.log(JSON.stringify({
    "JavaScript's JSON.stringify": sign(JSON.stringify(v)),
    "JSON.stringify with an indent of 2": sign(JSON.stringify(v, null, 2)),
    "JSON.stringify with tabs": sign(JSON.stringify(v, null, '\t')),
  }));
}`}},
	"/usr/bin/python3": {[]string{"-c", `
import hmac, hashlib, json, os, sys
sign = lambda s: hmac.new(os.environ['KEY'].encode(), s.encode(), hashlib.sha256).hexdigest()
for line in sys.stdin:
    v = json.loads(json.loads(line))
    print(json.dumps({
        "Python's json.dumps": sign(json.dumps(v)),
        "Python's json.dumps with separators=(',', ':')": sign(json.dumps(v, separators=(',', ':'))),
        "Python's json.dumps with sort_keys=True": sign(json.dumps(v, sort_keys=True)),
        "Python's json.dumps with indent=2": sign(json.dumps(v, indent=2)),
    }))`}},
}

// rewrittenBodies are what JavaScript and Python print differently, from each other and
// from what came.
func rewrittenBodies() []string {
	bodies := []string{
		`{"a": 1.0, "b": 1e2, "c": -0, "d": -0.0, "e": 0.1, "f": 1e-7, "g": 1E+21, "h": 123456789012345678901234567890, "i": 1.5e300, "j": 0.00001, "k": 1e16, "l": 12345678901234567.0, "m": 1e400, "n": -1e400}`,
		`{"b":1,"2":2,"a":3,"10":4,"01":5,"-1":6,"4294967295":7,"4294967294":8}`,
		`{"a":1,"b":2,"a":{"x":[]},"c":{},"d":[{},[]]}`,
		`["\u00e9 é \ud83d\ude00 😀 \/ / \u2028 \u007f \u001f \b\f\n\r\t \" \\ <&>"]`,
		`{"é":"\ud800 alone","":null,"t":true,"f":false}`,
		" [ 1 , \r\n\t[ 2 ] ] ",
		`"a string"`,
	}
	for _, t := range catalog.Types() {
		bodies = append(bodies, strings.TrimSpace(string(t.Sample())))
	}
	return bodies
}

// TestRewrittenBodiesAreRecognised has bodies parsed and written again by the languages
// themselves, and wants each named. What another writer makes of a body in the very same
// way may be named in its place.
func TestRewrittenBodiesAreRecognised(t *testing.T) {
	key, err := signature.NewSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	bodies := rewrittenBodies()
	var input strings.Builder
	for _, body := range bodies {
		line, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&input, "%s\n", line)
	}
	for program, p := range resigned {
		t.Run(strings.Trim(program[strings.LastIndexByte(program, '/')+1:], "3"), func(t *testing.T) {
			if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") == "" {
				t.Skipf("%s is missing", program)
			}
			cmd := exec.Command(program, p.args...)
			cmd.Env = append(os.Environ(), "KEY="+secret)
			cmd.Stdin, cmd.Stderr = strings.NewReader(input.String()), os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if len(lines) != len(bodies) {
				t.Fatalf("%d answers to %d bodies", len(lines), len(bodies))
			}
			seen := make(map[string]bool)
			for i, body := range bodies {
				var signatures map[string]string
				if err := json.Unmarshal([]byte(lines[i]), &signatures); err != nil {
					t.Fatal(err)
				}
				for way, value := range signatures {
					d := signature.Diagnose(signature.Evidence{Body: []byte(body), Values: []string{value}, Secret: key})
					if d.Verdict == signature.Valid {
						continue // it writes the body as it came
					}
					if len(d.Causes) != 1 || d.Causes[0].ID != signature.Rewritten {
						t.Errorf("%s\nby %s: %v", body, way, d.Causes)
						continue
					}
					seen[d.Causes[0].Detail] = true
				}
			}
			for way := range firstOf(t, lines) {
				if !seen[way] {
					t.Errorf("nothing was named %s", way)
				}
			}
		})
	}
}

func firstOf(t *testing.T, lines []string) (signatures map[string]string) {
	if err := json.Unmarshal([]byte(lines[0]), &signatures); err != nil {
		t.Fatal(err)
	}
	return signatures
}

// TestMistakesAreRecognised has the languages' own libraries sign in the wrong ways.
func TestMistakesAreRecognised(t *testing.T) {
	const body = `{"id":"evt_1","event":"task.created","data":{"n":1}}`
	key, err := signature.NewSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	for program, mistakes := range map[string]map[string]string{
		"node": {
			"[base64]":                          "crypto.createHmac('sha256', key).update(body).digest('base64')",
			"[other-hash (SHA-1)]":              "crypto.createHmac('sha1', key).update(body).digest('hex')",
			"[other-hash (SHA-512)]":            "crypto.createHmac('sha512', key).update(body).digest('hex')",
			"[no-hmac]":                         "crypto.createHash('sha256').update(key + body).digest('hex')",
			"[secret-blanks]":                   "crypto.createHmac('sha256', key + '\\n').update(body).digest('hex')",
			"[prefixed-header (sha256=)]":       "'sha256=' + crypto.createHmac('sha256', key).update(body).digest('hex')",
			"[upper-case]":                      "crypto.createHmac('sha256', key).update(body).digest('hex').toUpperCase()",
			"[data-only]":                       "crypto.createHmac('sha256', key).update(JSON.stringify(JSON.parse(body).data)).digest('hex')",
			"[secret-decoded (hex)]":            "crypto.createHmac('sha256', Buffer.from(hex, 'hex')).update(body).digest('hex')",
			"[upper-case newline-signed (\\n)]": "crypto.createHmac('sha256', key).update(body + '\\n').digest('hex').toUpperCase()",
		},
		"/usr/bin/python3": {
			"[base64]":          "base64.b64encode(hmac.digest(key.encode(), body.encode(), 'sha256')).decode()",
			"[key-and-message]": "hmac.new(body.encode(), key.encode(), hashlib.sha256).hexdigest()",
			"[secret-quotes]":   "hmac.new(repr(key).encode(), body.encode(), hashlib.sha256).hexdigest()",
			"[secret-empty]":    "hmac.new(b'', body.encode(), hashlib.sha256).hexdigest()",
			"[empty-body]":      "hmac.new(key.encode(), b'', hashlib.sha256).hexdigest()",
			"[byte-order-mark]": "hmac.new(key.encode(), body.encode('utf-8-sig'), hashlib.sha256).hexdigest()",
		},
	} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") == "" {
			t.Logf("%s is missing", program)
			continue
		}
		for want, expression := range mistakes {
			const hexSecret = "00112233445566778899aabbccddeeff"
			args := []string{"-e", "const crypto = require('crypto'), {key, body, hex} = process.env; process.stdout.write(" + expression + ")"}
			if program != "node" {
				args = []string{"-c", "import base64, hashlib, hmac, os, sys\nkey, body = os.environ['key'], os.environ['body']\nsys.stdout.write(" + expression + ")"}
			}
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), "key="+secret, "body="+body, "hex="+hexSecret)
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v", expression, err)
			}
			use := key
			if strings.Contains(expression, "hex, ") {
				use, _ = signature.NewSecret(hexSecret)
			}
			d := signature.Diagnose(signature.Evidence{Body: []byte(body), Values: []string{string(out)}, Secret: use})
			if got := fmt.Sprint(d.Causes); got != want {
				t.Errorf("%s: %s, want %s", expression, got, want)
			}
		}
	}
}
