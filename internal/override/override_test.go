package override_test

import (
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/override"
)

// edits parses what a person typed: "set data.a=1", "unset data.a".
func edits(t interface{ Fatalf(string, ...any) }, texts ...string) []override.Edit {
	var all []override.Edit
	for _, text := range texts {
		op, rest, _ := strings.Cut(text, " ")
		e, err := override.Parse(override.Op(op), rest)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		all = append(all, e)
	}
	return all
}

const body = `{"id":"evt_1","n":12345678901234567890.10,"data":{"status":"a\u0062c","tags":["x","y"],"who":[{"name":"Ann"}],"none":null,"o":{}}}`

func TestApply(t *testing.T) {
	for _, c := range []struct {
		name, body, want string
		edits            []string
	}{
		{"number", `{"a":1,"b":2}`, `{"a":0.50,"b":2}`, []string{"set a=0.50"}},
		{"string", `{"a":1}`, `{"a":"half & <more>"}`, []string{"set a=half & <more>"}},
		{"string that looks like a number", `{"a":1}`, `{"a":"5"}`, []string{`set a="5"`}},
		{"not quite a number", `{"a":1}`, `{"a":"01"}`, []string{"set a=01"}},
		{"empty string", `{"a":1}`, `{"a":""}`, []string{"set a="}},
		{"a template", `{"a":1}`, `{"a":"{{now}}"}`, []string{"set a={{now}}"}},
		{"null", `{"a":1}`, `{"a":null}`, []string{"set a=null"}},
		{"object", `{"a":1}`, `{"a":{"b": [1, 2]}}`, []string{`set a={"b": [1, 2]}`}},
		{"white space around JSON", `{"a":1}`, `{"a":true}`, []string{"set a= true\n"}},
		{"= in the value", `{"a":1}`, `{"a":"b=c"}`, []string{"set a=b=c"}},
		{"big number", `{"a":1}`, `{"a":123456789012345678901234567890}`, []string{"set a=123456789012345678901234567890"}},
		{"deep", `{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":2}}}`, []string{"set a.b.c=2"}},
		{"index as a name", `{"a":[{"b":1},{"b":2}]}`, `{"a":[{"b":1},{"b":3}]}`, []string{"set a.1.b=3"}},
		{"index in brackets", `{"a":[[1,2],[3]]}`, `{"a":[[1,9],[3]]}`, []string{"set a[0][1]=9"}},
		{"a number as a key", `{"a":{"0":1}}`, `{"a":{"0":2}}`, []string{"set a.0=2"}},
		{"list at the root", `[1,2]`, `[1,3]`, []string{"set [1]=3"}},
		{"escaped dot", `{"a.b":{"c=d":1}}`, `{"a.b":{"c=d":2}}`, []string{`set a\.b.c\=d=2`}},
		{"escaped in JSON", `{"\u0061\/":1}`, `{"\u0061\/":2}`, []string{`set a/=2`}},
		{"beyond ASCII", `{"größe":1}`, `{"größe":2}`, []string{`set größe=2`}},
		{"same key twice", `{"a":1,"a":2}`, `{"a":1,"a":3}`, []string{"set a=3"}},
		{"rest as it is", body, strings.Replace(body, `"x"`, `"z"`, 1), []string{"set data.tags.0=z"}},
		{"pretty", "{\n  \"a\" : 1 ,\n  \"b\": [ ]\n}\n", "{\n  \"a\" : 2 ,\n  \"b\": [ ]\n}\n", []string{"set a=2"}},
		{"byte order mark", "\ufeff{\"a\":1}", "\ufeff{\"a\":2}", []string{"set a=2"}},
		{"white space around the body", " \n{\"a\":1} \n", " \n{\"a\":2} \n", []string{"set a=2"}},

		{"add changes too", `{"a":1}`, `{"a":2}`, []string{"add a=2"}},
		{"add a key", `{"a":1}`, `{"a":1,"b":2}`, []string{"add b=2"}},
		{"add to nothing", `{"a":{ }}`, `{"a":{"b":2}}`, []string{"add a.b=2"}},
		{"add as the others are", "{\n  \"a\": 1\n}", "{\n  \"a\": 1,\n  \"b\": 2\n}", []string{"add b=2"}},
		{"add as the last is", "{\n  \"a\": 1,\n\n  \"c\":3\n}", "{\n  \"a\": 1,\n\n  \"c\":3,\n\n  \"b\":2\n}", []string{"add b=2"}},
		{"add all that leads there", `{}`, `{"a":{"b":[{"c":[2]}]}}`, []string{"add a.b[0].c[]=2"}},
		{"add an element", `{"a":[1]}`, `{"a":[1,2,3,4]}`, []string{"add a[]=2", "add a.2=3", "add a[3]=4"}},
		{"add an element to none", `{"a":[]}`, `{"a":[{"b":1}]}`, []string{"add a[0].b=1"}},
		{"add an odd key", `{}`, `{"a.b\"c\\":1}`, []string{`add a\.b"c\\=1`}},

		{"unset the first", `{"a":1,"b":2}`, `{"b":2}`, []string{"unset a"}},
		{"unset the last", `{"a":1,"b":2}`, `{"a":1}`, []string{"unset b"}},
		{"unset in between", `{"a":1, "b":2, "c":3}`, `{"a":1, "c":3}`, []string{"unset b"}},
		{"unset the only one", `{"o":{ "a": 1 }}`, `{"o":{}}`, []string{"unset o.a"}},
		{"unset an element", `[1,2,3]`, `[1,3]`, []string{"unset [1]"}},
		{"unset the same key twice", `{"a":1,"b":2,"a":3}`, `{"b":2}`, []string{"unset a"}},
		{"unset in pretty", "{\n  \"a\": 1,\n  \"b\": 2\n}", "{\n  \"b\": 2\n}", []string{"unset a"}},

		{"in their order", `{"a":[1,2]}`, `{"a":[9]}`, []string{"unset a.0", "set a.0=9"}},
		{"one on the other", `{}`, `{"a":{"b":2}}`, []string{"add a={}", "add a.b=1", "set a.b=2"}},
		{"none", `no JSON`, `no JSON`, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := strings.Clone(c.body)
			got, err := override.Apply([]byte(c.body), edits(t, c.edits...))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.body != before {
				t.Errorf("the argument became %s", c.body)
			}
		})
	}
}

func TestApplyRefuses(t *testing.T) {
	for _, c := range []struct{ name, edit, want string }{
		{"a slip", "set data.statsu=1", "set data.statsu: there is no data.statsu; did you mean data.status?"},
		{"data forgotten", "set who.0.name=1", "there is no who; did you mean data.who.0.name?"},
		{"nothing near", "set data.zzzzzzzz=1", "there is no data.zzzzzzzz; data holds status, tags, who, none, o; --add makes what isn't there"},
		{"nothing near at the root", "set zzzzzzzz=1", "there is no zzzzzzzz; the body holds id, n, data; --add"},
		{"in an empty object", "set data.o.zzzzzzzz=1", "there is no data.o.zzzzzzzz; data.o is empty"},
		{"within a string", "set data.status.really.deep.down=1", "there is no data.status.really, since data.status is a string; nothing is within it"},
		{"within null", "set data.none.really.deep.down=1", "data.none is null"},
		{"an index too far", "set data.tags[7].really.deep.down=1", "there is no data.tags[7]; data.tags is a list of 2, counted from 0"},
		{"the end", "set data.tags[].really.deep.down=1", "there is no data.tags[]"},
		{"an index of an object", "set data[0].really.deep.down=1", "there is no data[0]"},
		{"unset", "unset data.tag", "unset data.tag: there is no data.tag; did you mean data.tags?"},
		{"add an index too far", "add data.tags.3=1", "add data.tags.3: data.tags is a list of 2, counted from 0, so the next one is data.tags[2]"},
		{"add a key to a list", "add data.tags.first=1", "data.tags is a list, so it takes an index and not first"},
		{"add an index to an object", "add data.o[0]=1", "data.o is an object, so an index leads nowhere in it"},
		{"add within a string", "add data.status.x=1", "data.status is a string, so nothing can be within it: set it to {} first"},
		{"add a list from its middle", "add data.l[1]=1", "data.l is not there yet, so its first element is data.l[0]"},
		{"add what could be either", "add data.l.0=1", "data.l is not there yet, and 0 could be a key or an index: write data.l[0] for a list, or add data.l={} before"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The edit before it must not be made either.
			got, err := override.Apply([]byte(body), append(edits(t, "set id=evt_2"), edits(t, c.edit)...))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if got != nil {
				t.Errorf("half of it was made: %s", got)
			}
		})
	}
	for _, bad := range []string{"", "no JSON", `{"a":1`, `{"a":1}}`, "\x00", "{\"a\":\"\n\"}"} {
		if _, err := override.Apply([]byte(bad), edits(t, "set a=1")); err == nil || !strings.Contains(err.Error(), "set a: the body is not JSON") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ op, text, want string }{
		{"set", "", "the path is missing"},
		{"set", "=1", "the path is missing"},
		{"set", "a", "there is no value: write it like a=VALUE"},
		{"unset", "a=1", "it takes a path alone"},
		{"set", "a..b=1", `a name is missing at ".b=1"`},
		{"set", ".a=1", "a name is missing"},
		{"set", "a.=1", "a name is missing"},
		{"set", "a[x]=1", `"[x]=1" is no index`},
		{"set", "a[0=1", "is no index"},
		{"set", "a[01]=1", "is no index"},
		{"set", "a[-1]=1", "is no index"},
		{"set", "a[99999999999999999999]=1", "is no index"},
		{"set", "a[0]b=1", `a dot is missing before "b=1"`},
		{"set", "a]=1", "was never opened"},
		{"set", `a\b=1`, "the backslash at"},
		{"set", `a\`, "the backslash at"},
		{"set", "a={x:1}", "looks like JSON and isn't"},
		{"set", "a=[x]", "looks like JSON and isn't"},
		{"set", "a=\xff", "not UTF-8"},
		{"set", "a=\"\xff\"", "not UTF-8"},
	} {
		if _, err := override.Parse(override.Op(c.op), c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %s", c.op, c.text, err, c.want)
		}
	}
}

func TestNew(t *testing.T) {
	got, err := override.Apply([]byte(`{"a.b":{"0":"x"}}`), []override.Edit{override.New(override.Set, `{"}`, "a.b", "0"), override.New(override.Add, "y", "id")})
	if want := `{"a.b":{"0":"{\"}"},"id":"y"}`; err != nil || string(got) != want {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
}
