// Package admin is how a relay is managed: its tokens, its endpoints, a copy of all that
// it keeps. Operations are what there is to do. A Manager does it, on the stores
// themselves and with the relay that runs on them, if one does; a Client has a Manager in
// another process do it. The command line uses whichever there is (see Connect).
//
// The API is HTTP with JSON, and has two doors. On a Unix socket in the relay's data
// folder (Listen, LocalHandler) everything is allowed, since only the user who runs the
// relay can open it. On TCP (RemoteHandler) each request needs a token with the scope admin,
// and sees and changes what this token's owner has, and nothing else.
//
//	GET    /admin/v1/tokens                  200 {"tokens": [access.Token …]}
//	POST   /admin/v1/tokens                  body: TokenRequest   201 {"token": access.Token, "secret": "slt_…"}
//	DELETE /admin/v1/tokens/{id}             200 {"token": access.Token}; a unique beginning of the id will do
//	GET    /admin/v1/endpoints               200 {"endpoints": [Endpoint …]}
//	GET    /admin/v1/endpoints/{id-or-name}  200 {"endpoint": Endpoint}
//	DELETE /admin/v1/endpoints/{id-or-name}  200 {"endpoint": access.Endpoint}
//	POST   /admin/v1/backup                  200 and the backup itself; on the socket only
//
// The query ?owner=NAME narrows all but the second and the last to one owner. Whatever
// fails is answered with {"error": text}, and with 400 for a value that can't be used,
// 401 and 403 for a token that isn't taken, 404 for what isn't there, 413 for a body over
// 64 KiB. A backup that fails half-way breaks its connection off.
//
// What another owner has is answered exactly as what isn't there. Requests from web
// pages, which carry an Origin, are refused at both doors.
package admin

import (
	"context"
	"io"
	"time"

	"github.com/solatis/solatis-cli/internal/relay/access"
)

// Operations are what can be done to a relay. An owner "" stands for all owners. Errors
// that can be told apart are access.ErrNotFound and *access.InvalidError; all are
// sentences for whoever asked.
type Operations interface {
	// CreateToken makes a token. Its secret can't be had again.
	CreateToken(ctx context.Context, r TokenRequest) (access.Token, access.Secret, error)
	// Tokens lists tokens, the oldest first, also those revoked and expired.
	Tokens(ctx context.Context, owner string) ([]access.Token, error)
	// RevokeToken makes a token useless for good, by its id or a unique beginning of it,
	// and closes the connections that were opened with it.
	RevokeToken(ctx context.Context, id, owner string) (access.Token, error)
	// Endpoints lists endpoints, by owner and name.
	Endpoints(ctx context.Context, owner string) ([]Endpoint, error)
	// Endpoint describes one endpoint, by its id or its name.
	Endpoint(ctx context.Context, idOrName, owner string) (Endpoint, error)
	// DeleteEndpoint deletes an endpoint, its log and its agents, and sends those away
	// that are connected.
	DeleteEndpoint(ctx context.Context, idOrName, owner string) (access.Endpoint, error)
	// Backup writes a copy of all that the relay keeps. What was written before an error is
	// of no use.
	Backup(ctx context.Context, w io.Writer) error
}

// TokenRequest says what token to make.
type TokenRequest struct {
	Owner   string       `json:"owner,omitempty"` // at the TCP door the token's own owner if empty
	Scope   access.Scope `json:"scope"`
	Comment string       `json:"comment,omitempty"`
	Expires time.Time    `json:"expires,omitzero"` // zero for never
}

// Endpoint is an endpoint with the state of its log.
type Endpoint struct {
	access.Endpoint
	URL     string  `json:"url,omitempty"`    // where webhooks go; empty if the relay's own isn't known
	Head    uint64  `json:"head"`             // the seq given last; 0 for none
	Backlog uint64  `json:"backlog"`          // requests that no agent has acknowledged
	Bytes   uint64  `json:"bytes"`            // of the backlog
	Agents  []Agent `json:"agents,omitempty"` // by name
}

// Agent is how far one of an endpoint's agents is.
type Agent struct {
	Name      string    `json:"name"`
	Seq       uint64    `json:"seq"`           // all up to it is acknowledged
	Backlog   uint64    `json:"backlog"`       // requests that wait for it
	Seen      time.Time `json:"seen,omitzero"` // zero for one that leaves no trace
	Connected bool      `json:"connected"`
}
