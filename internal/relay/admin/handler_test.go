package admin_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/solatis/solatis-cli/internal/relay/access"
	"github.com/solatis/solatis-cli/internal/relay/admin"
)

func TestTheRemoteDoorWantsAnAdministrator(t *testing.T) {
	m := newManager(t, t.TempDir())
	h := admin.RemoteHandler(m)
	_, listener := token(t, m, "ann", access.ScopeListen)
	_, good := token(t, m, "ann", access.ScopeAdmin)
	id, revoked := token(t, m, "ann", access.ScopeAdmin)
	if _, err := m.RevokeToken(t.Context(), id, ""); err != nil {
		t.Fatal(err)
	}
	paths := []string{
		"GET /admin/v1/tokens", "POST /admin/v1/tokens", "DELETE /admin/v1/tokens/tok_1", "GET /admin/v1/endpoints",
		"GET /admin/v1/endpoints/a", "DELETE /admin/v1/endpoints/a", "POST /admin/v1/backup", "GET /admin/v1/nothing", "GET /",
	}
	for _, path := range paths {
		method, path, _ := strings.Cut(path, " ")
		for text, want := range map[string]int{"": 401, "slt_unknown": 401, revoked: 401, listener: 403} {
			status, answer := ask(t, h, method, path, text, "{")
			if why, _ := answer["error"].(string); status != want || why == "" || text != "" && strings.Contains(why, text) {
				t.Errorf("%s %s: got %d %q, want %d", method, path, status, why, want)
			}
		}
	}
	if status, answer := ask(t, h, "GET", "/admin/v1/tokens", good, ""); status != 200 {
		t.Errorf("got %d %v", status, answer)
	}
	req := httptest.NewRequest("GET", "/admin/v1/tokens", nil)
	req.SetBasicAuth("ann", good)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	if rec.Code != 401 || !strings.HasPrefix(rec.Header().Get("WWW-Authenticate"), "Bearer") {
		t.Errorf("basic authentication: %d %v", rec.Code, rec.Header())
	}
}

func TestTheRemoteDoorKnowsOneOwner(t *testing.T) {
	m := newManager(t, t.TempDir())
	h := admin.RemoteHandler(m)
	_, ann := token(t, m, "ann", access.ScopeAdmin)
	bob, _ := token(t, m, "bob", access.ScopeAdmin)
	bobs := openEndpoint(t, m, "bob", "shop")
	openEndpoint(t, m, "ann", "blog")
	for _, tt := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/tokens?owner=ann", "", 200},
		{"GET", "/tokens?owner=bob", "", 403},
		{"GET", "/endpoints?owner=nobody", "", 403},
		{"GET", "/endpoints/" + bobs + "?owner=bob", "", 403},
		{"DELETE", "/endpoints/" + bobs + "?owner=bob", "", 403},
		{"POST", "/tokens", `{"owner":"bob","scope":"admin"}`, 403},
		{"POST", "/tokens?owner=bob", `{"scope":"admin"}`, 403},
		{"POST", "/tokens", `{"owner":"ann","scope":"admin"}`, 201},
		{"POST", "/backup", "", 403},
		{"GET", "/nothing", "", 404},
		{"PUT", "/tokens", "", 404},
	} {
		if status, answer := ask(t, h, tt.method, "/admin/v1"+tt.path, ann, tt.body); status != tt.want {
			t.Errorf("%s %s: got %d %v, want %d", tt.method, tt.path, status, answer, tt.want)
		}
	}
	// What is bob's is answered in the same words as what nobody has.
	absent := map[string]string{bobs: strings.Repeat("0", 32), "shop": "cart", bob: "tok_zzzzzzzzzz", bob[:9]: "tok_zzzzz"}
	for theirs, none := range absent {
		for _, request := range []string{"GET /endpoints/", "DELETE /endpoints/", "DELETE /tokens/"} {
			method, path, _ := strings.Cut(request, " ")
			status, answer := ask(t, h, method, "/admin/v1"+path+theirs, ann, "")
			other, otherAnswer := ask(t, h, method, "/admin/v1"+path+none, ann, "")
			got, want := fmt.Sprint(status, answer), fmt.Sprint(other, otherAnswer)
			if strings.ReplaceAll(got, theirs, none) != want && status != 400 {
				t.Errorf("%s%s: got %s, want %s", request, theirs, got, want)
			}
			if status < 400 {
				t.Errorf("%s%s: %d", request, theirs, status)
			}
		}
	}
	if ok, _ := m.Registry.Endpoint(t.Context(), bobs); !ok {
		t.Error("ann deleted what is bob's")
	}
	status, answer := ask(t, h, "POST", "/admin/v1/tokens", ann, `{"scope":"listen"}`)
	made, _ := answer["secret"].(string)
	if b, err := m.Registry.Bearer(t.Context(), made); status != 201 || err != nil || b.Owner != "ann" {
		t.Errorf("got %d, %+v, %v", status, b, err)
	}
	_, answer = ask(t, h, "GET", "/admin/v1/endpoints", ann, "")
	if text, _ := json.Marshal(answer); strings.Contains(string(text), bobs) || !strings.Contains(string(text), "blog") {
		t.Errorf("ann's endpoints: %s", text)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	m := newManager(t, t.TempDir())
	_, text := token(t, m, "ann", access.ScopeAdmin)
	large := `{"scope":"listen","comment":"` + strings.Repeat("x", 64<<10) + `"}`
	for name, tt := range map[string]struct {
		method, path, body string
		change             func(http.Header)
		want               int
	}{
		"origin":          {"GET", "/tokens", "", func(h http.Header) { h.Set("Origin", "https://example.com") }, 403},
		"empty origin":    {"GET", "/tokens", "", func(h http.Header) { h["Origin"] = []string{""} }, 403},
		"a page's image":  {"GET", "/tokens", "", func(h http.Header) { h.Set("Sec-Fetch-Site", "cross-site") }, 403},
		"origin, backup":  {"POST", "/backup", "", func(h http.Header) { h.Set("Origin", "null") }, 403},
		"unknown field":   {"POST", "/tokens", `{"owner":"ann","scope":"listen","expire":"2026-02-01T00:00:00Z"}`, nil, 400},
		"two objects":     {"POST", "/tokens", `{"owner":"ann","scope":"listen"}{}`, nil, 400},
		"rubbish after":   {"POST", "/tokens", `{"owner":"ann","scope":"listen"}]`, nil, 400},
		"no body":         {"POST", "/tokens", ``, nil, 400},
		"wrong time":      {"POST", "/tokens", `{"owner":"ann","scope":"listen","expires":"90d"}`, nil, 400},
		"wrong scope":     {"POST", "/tokens", `{"owner":"ann","scope":"all"}`, nil, 400},
		"no scope":        {"POST", "/tokens", `{"owner":"ann"}`, nil, 400},
		"large body":      {"POST", "/tokens", large, nil, 413},
		"unknown query":   {"GET", "/tokens?ownr=bob", "", nil, 400},
		"empty owner":     {"GET", "/tokens?owner=", "", nil, 400},
		"two owners":      {"GET", "/tokens?owner=ann&owner=bob", "", nil, 400},
		"broken query":    {"GET", "/tokens?owner=ann;x=1", "", nil, 400},
		"token too short": {"DELETE", "/tokens/tok_", "", nil, 400},
		"no such token":   {"DELETE", "/tokens/tok_0123456789", "", nil, 404},
		"no endpoint":     {"GET", "/endpoints/nothing", "", nil, 404},
		"no version":      {"GET", "/../v2/tokens", "", nil, 404},
	} {
		for door, h := range map[string]http.Handler{"local": admin.LocalHandler(m), "remote": admin.RemoteHandler(m)} {
			req := httptest.NewRequest(tt.method, "/admin/v1/x", strings.NewReader(tt.body))
			path, query, _ := strings.Cut("/admin/v1"+tt.path, "?")
			req.URL.Path, req.URL.RawQuery = path, query
			req.Header.Set("Authorization", "Bearer "+text)
			if tt.change != nil {
				tt.change(req.Header)
			}
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, req)
			var answer struct{ Error string }
			if name == "no version" && rec.Code < 400 {
				continue // a redirect to the clean path, which isn't there either
			}
			if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || rec.Code != tt.want || answer.Error == "" {
				t.Errorf("%s, %s: got %d %q, want %d", name, door, rec.Code, rec.Body, tt.want)
			}
		}
	}
	if all, err := m.Tokens(t.Context(), ""); err != nil || len(all) != 1 {
		t.Errorf("%d tokens, %v", len(all), err)
	}
}

func TestFailuresOfTheRelayAreItsOwn(t *testing.T) {
	m := newManager(t, t.TempDir())
	openEndpoint(t, m, "ann", "shop")
	if err := m.Store.Close(); err != nil {
		t.Fatal(err)
	}
	status, answer := ask(t, admin.LocalHandler(m), "GET", "/admin/v1/endpoints", "", "")
	if why, _ := answer["error"].(string); status != 500 || !strings.Contains(why, "shop") {
		t.Errorf("got %d %v", status, answer)
	}
}
