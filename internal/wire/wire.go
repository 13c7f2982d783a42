// Package wire is the protocol between a relay and an agent. This file is its
// specification.
//
// # Transport
//
// One websocket, opened by the agent with a GET to AgentPath and the header
// "Authorization: Bearer TOKEN". Each binary message is a sequence of whole frames
// (RFC 8742): a sender that has several puts them in one message, a receiver makes
// nothing of where a message ends. Text messages are an error. The package knows no
// sockets; wsconn carries the messages.
//
// # Frames
//
// A frame is two CBOR data items (RFC 8949): an unsigned integer, its type, and a map
// with small integer keys. Every string is a CBOR byte string, because the header
// values of HTTP need not be UTF-8. A receiver skips frames of a type and map keys
// that it doesn't know, so both can be added without a new version.
//
// # Flow
//
//	agent                          relay
//	  Hello            ──▶                 who I am, and after which position I want to go on
//	                   ◀──  Welcome        the epoch, and where sending really begins
//	                   ◀──  Gap            a range that is gone, and why
//	                   ◀──  Request        head and the first part of the body
//	                   ◀──  Body …         further parts, those of several requests interleaved
//	  Ack              ──▶                 all up to this seq is durable here
//	  Response         ──▶                 the app's answer, in response mode "app" only
//	  ResponseBody …   ──▶
//	                   ◀──  Goodbye        closing, why, and when to come back
//
// The relay holds back once InFlightRequests requests or InFlightBytes of body are
// sent and not acknowledged. One request that is larger than that passes alone.
// Sequence numbers are sent in order; a request is complete when its last part is
// there, which may be after later, smaller ones.
//
// # Versions
//
//	1: the first
//
// A relay answers a Hello of a version it can't speak with Goodbye CodeVersion.
package wire

// Version is the newest version of the protocol that this package speaks.
const Version = 1

// AgentPath is where a relay takes the agents' websockets.
const AgentPath = "/agent/v1"

// EndpointPath begins the path of every endpoint's URL; its id follows. The host is the
// one that the agent dialled: a relay can't name another one for webhooks to go to.
const EndpointPath = "/e/"

// Limits that both sides hold. A frame that passes them ends the connection.
const (
	MaxPart    = 64 << 10 // bytes of body in one frame
	MaxMessage = 1 << 20  // bytes of one websocket message
	MaxSeq     = 1 << 62  // so that what counts further doesn't overflow, in a database either

	// What a relay accepts must never be more than an agent takes, or it would be sent
	// again for ever: these are above what fits into 64 KiB of HTTP header.
	maxPairs = 1 << 15 // header names in a frame, or keys of a map
	maxItems = 1 << 15 // values of one header name
	maxDepth = 8
)

// Mode says whose answer a sender gets.
type Mode string

// The response modes.
const (
	ModeRelay Mode = "relay" // 200 as soon as the request is durable
	ModeApp   Mode = "app"   // what the app answered
)

// Hello is the agent's first frame.
type Hello struct {
	Version  uint     `cbor:"1,keyasint"`
	Software string   `cbor:"2,keyasint"` // such as "solatis/1.2.0", for logs
	Agent    string   `cbor:"3,keyasint"` // this agent's name, the key of its position
	Endpoint string   `cbor:"4,keyasint"` // what the token's owner calls it
	Epoch    uint64   `cbor:"5,keyasint"` // the position that is durable with the agent
	Seq      uint64   `cbor:"6,keyasint"`
	Mode     Mode     `cbor:"7,keyasint"`
	Methods  []string `cbor:"8,keyasint"` // HTTP methods to accept; empty means POST
	AnswerMS uint64   `cbor:"9,keyasint"` // in ModeApp, how long the app may take
	// Ephemeral agents are forgotten when they disconnect. They have no position: unless
	// Since says otherwise they get what comes from now on.
	Ephemeral bool `cbor:"10,keyasint"`
	// Since, where it isn't 0, makes sending begin with the first request received at
	// that time or later, in nanoseconds since 1970, whatever the position is.
	Since int64 `cbor:"11,keyasint"`
}

// Welcome is the relay's answer to Hello.
type Welcome struct {
	Version          uint   `cbor:"1,keyasint"`
	Endpoint         string `cbor:"2,keyasint"` // its id: webhooks go to EndpointPath and it, at this relay
	Epoch            uint64 `cbor:"3,keyasint"` // of all that is sent on this connection
	Seq              uint64 `cbor:"4,keyasint"` // the first Request or Gap is for Seq+1
	Backlog          uint64 `cbor:"5,keyasint"` // requests that wait for this agent now
	InFlightRequests uint64 `cbor:"6,keyasint"`
	InFlightBytes    uint64 `cbor:"7,keyasint"`
	Notice           string `cbor:"8,keyasint"` // for the developer; empty for none
}

// Request is a received request: its head, and its body's first part. The body is
// complete when Length bytes are there.
type Request struct {
	Seq      uint64              `cbor:"1,keyasint"`
	ID       string              `cbor:"2,keyasint"`
	Method   string              `cbor:"3,keyasint"`
	Path     string              `cbor:"4,keyasint"`
	RawQuery string              `cbor:"5,keyasint"`
	Host     string              `cbor:"6,keyasint"`
	Proto    string              `cbor:"7,keyasint"`
	Remote   string              `cbor:"8,keyasint"`
	Header   map[string][]string `cbor:"9,keyasint"`
	Received int64               `cbor:"10,keyasint"` // nanoseconds since 1970, UTC
	Length   uint64              `cbor:"11,keyasint"` // of the whole body, in bytes
	Part     []byte              `cbor:"12,keyasint"`
}

// Body is a further part of a request's body. Parts of one request come in order.
type Body struct {
	Seq  uint64 `cbor:"1,keyasint"`
	Part []byte `cbor:"2,keyasint"`
}

// Gap says that the requests From to To, both included, can't be sent any more.
type Gap struct {
	From   uint64 `cbor:"1,keyasint"`
	To     uint64 `cbor:"2,keyasint"`
	Reason string `cbor:"3,keyasint"` // for the developer
}

// Goodbye is the relay's last frame before it closes.
type Goodbye struct {
	Code    Code   `cbor:"1,keyasint"`
	Reason  string `cbor:"2,keyasint"` // for the developer
	RetryMS uint64 `cbor:"3,keyasint"` // when to come back; 0 leaves it to the agent
}

// Code says whether coming back is of any use.
type Code string

// The codes of Goodbye.
const (
	CodeRestart  Code = "restart"  // come back
	CodeReplaced Code = "replaced" // another connection of the same agent took over
	CodeVersion  Code = "version"  // no common protocol version
	CodeRefused  Code = "refused"  // this agent may not have this endpoint
	CodeProtocol Code = "protocol" // the agent broke the protocol
	CodeInternal Code = "internal" // the relay failed; come back
)

// Final reports whether the agent should stay away.
func (c Code) Final() bool {
	return c == CodeReplaced || c == CodeVersion || c == CodeRefused
}

// Ack says that every request up to Seq is durable with the agent, together with the
// position itself.
type Ack struct {
	Seq uint64 `cbor:"1,keyasint"`
}

// Response is the app's answer to a request, in ModeApp: its head, and its body's
// first part.
type Response struct {
	ID     string              `cbor:"1,keyasint"` // of the request
	Status uint                `cbor:"2,keyasint"`
	Header map[string][]string `cbor:"3,keyasint"`
	Length uint64              `cbor:"4,keyasint"`
	Part   []byte              `cbor:"5,keyasint"`
}

// ResponseBody is a further part of a response's body.
type ResponseBody struct {
	ID   string `cbor:"1,keyasint"`
	Part []byte `cbor:"2,keyasint"`
}
