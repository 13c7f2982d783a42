package admin

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
)

// prefix begins every path of the API.
const prefix = "/admin/v1"

// LocalHandler serves the API to whoever can reach it, which has to be the user who
// runs the relay alone.
func LocalHandler(o Operations) http.Handler {
	h := &handler{operations: o, scopeOf: func(r *http.Request) (scope, error) {
		return scope{owner: r.URL.Query().Get("owner"), backup: true}, nil
	}}
	return h.routes()
}

// RemoteHandler serves the API to those who have a token with the scope admin, each within
// what is his.
func RemoteHandler(m *Manager) http.Handler {
	h := &handler{operations: m, scopeOf: func(r *http.Request) (scope, error) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		b, err := m.Registry.Admin(r.Context(), token)
		if err != nil {
			return scope{}, err
		}
		return scope{owner: b.Owner, fixed: true}, foreign(r.URL.Query().Get("owner"), b.Owner)
	}}
	return h.routes()
}

// foreign refuses to do something for another owner than the token's, whether there is
// one of that name or not.
func foreign(owner, own string) error {
	if owner != "" && owner != own {
		return &refusal{http.StatusForbidden, "the token is for what " + own + " has: leave the owner out"}
	}
	return nil
}

// scope is what a request may touch.
type scope struct {
	owner  string // everybody's if empty, and not fixed
	fixed  bool   // there is no other owner for the one who asks
	backup bool
}

// handler answers requests.
type handler struct {
	operations Operations
	// scopeOf finds what a request may touch; it is asked before anything else is done.
	scopeOf func(*http.Request) (scope, error)
}

func (h *handler) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(scope, *http.Request) (status int, body any, err error){
		"GET /tokens":            h.tokens,
		"POST /tokens":           h.createToken,
		"DELETE /tokens/{id}":    h.revokeToken,
		"GET /endpoints":         h.endpoints,
		"GET /endpoints/{id}":    h.endpoint,
		"DELETE /endpoints/{id}": h.deleteEndpoint,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+prefix+path, func(w http.ResponseWriter, r *http.Request) {
			// Where the server has no deadlines, its own timeouts hold.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(readTimeout))
			s, err := h.admit(r)
			if err != nil {
				fail(w, err)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			status, body, err := serve(s, r)
			if err != nil {
				fail(w, err)
				return
			}
			answer(w, status, body)
		})
	}
	mux.HandleFunc("POST "+prefix+"/backup", h.backup)
	mux.HandleFunc("/", h.unknown)
	return mux
}

// readTimeout is how long a client may take for a request's body, and a request for all
// that it does.
const readTimeout = 30 * time.Second

// admit finds what a request may touch, if it may be made at all.
func (h *handler) admit(r *http.Request) (scope, error) {
	site := r.Header.Get("Sec-Fetch-Site")
	if len(r.Header["Origin"]) > 0 || site != "" && site != "none" {
		return scope{}, &refusal{http.StatusForbidden, "requests from web pages are refused"}
	}
	s, err := h.scopeOf(r)
	if err != nil {
		return scope{}, err
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return scope{}, &access.InvalidError{Reason: "the query makes no sense: " + err.Error()}
	}
	for name, values := range query {
		// One that is passed over would be taken for all owners.
		if name != "owner" || len(values) != 1 || values[0] == "" {
			return scope{}, &access.InvalidError{Reason: "the query can have one owner=NAME, and nothing else"}
		}
	}
	return s, nil
}

// unknown answers what is none of the requests. Who may not ask doesn't learn which
// there are.
func (h *handler) unknown(w http.ResponseWriter, r *http.Request) {
	_, err := h.admit(r)
	if err == nil {
		err = &refusal{http.StatusNotFound, "the relay doesn't know " + r.Method + " " + r.URL.Path + ": it may be another version of solatis-relay"}
	}
	fail(w, err)
}

func (h *handler) tokens(s scope, r *http.Request) (int, any, error) {
	all, err := h.operations.Tokens(r.Context(), s.owner)
	return http.StatusOK, tokensBody{Tokens: all}, err
}

func (h *handler) createToken(s scope, r *http.Request) (int, any, error) {
	var req TokenRequest
	if err := decode(r.Body, &req); err != nil {
		return 0, nil, err
	}
	if s.fixed {
		if err := foreign(req.Owner, s.owner); err != nil {
			return 0, nil, err
		}
		req.Owner = s.owner
	}
	t, secret, err := h.operations.CreateToken(r.Context(), req)
	return http.StatusCreated, createdBody{Token: t, Secret: secret.Reveal()}, err
}

func (h *handler) revokeToken(s scope, r *http.Request) (int, any, error) {
	t, err := h.operations.RevokeToken(r.Context(), r.PathValue("id"), s.owner)
	return http.StatusOK, tokenBody{Token: t}, err
}

func (h *handler) endpoints(s scope, r *http.Request) (int, any, error) {
	all, err := h.operations.Endpoints(r.Context(), s.owner)
	return http.StatusOK, endpointsBody{Endpoints: all}, err
}

func (h *handler) endpoint(s scope, r *http.Request) (int, any, error) {
	e, err := h.operations.Endpoint(r.Context(), r.PathValue("id"), s.owner)
	return http.StatusOK, endpointBody{Endpoint: e}, err
}

func (h *handler) deleteEndpoint(s scope, r *http.Request) (int, any, error) {
	e, err := h.operations.DeleteEndpoint(r.Context(), r.PathValue("id"), s.owner)
	return http.StatusOK, deletedBody{Endpoint: e}, err
}

// backup streams. An error before the first byte is answered; a later one breaks the
// connection off, so that no client takes what it has for the whole.
func (h *handler) backup(w http.ResponseWriter, r *http.Request) {
	s, err := h.admit(r)
	if err == nil && !s.backup {
		err = &refusal{http.StatusForbidden, "a backup has what all owners have: it is made on the relay's machine, with solatis-relay backup"}
	}
	if err != nil {
		fail(w, err)
		return
	}
	out := &streamed{w: w, control: http.NewResponseController(w)}
	err = h.operations.Backup(r.Context(), out)
	switch {
	case err == nil:
	case !out.begun:
		fail(w, err)
	default:
		panic(http.ErrAbortHandler)
	}
}
