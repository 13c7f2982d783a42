package relay

import "time"

// Meter is told what happens, for a relay's metrics. Its methods may be called from any
// number of goroutines, on the path of every request: they may not wait.
type Meter interface {
	// Accepted counts a request that is durable, its body's bytes, and what the commit took.
	Accepted(bytes int64, commit time.Duration)
	// Refused counts a request or an agent that was refused.
	Refused(Refusal)
	// Acked counts requests that an agent has acknowledged.
	Acked(n uint64)
	// Sent counts a request sent to an agent; again, if it was sent to that agent before.
	Sent(again bool)
}

// Refusal is why somebody was refused, in a word that suits a metric's label.
type Refusal string

// The refusals.
const (
	RefusedHost        Refusal = "host"          // not one of Config.Hosts
	RefusedWebPage     Refusal = "web-page"      // a browser sent it
	RefusedPath        Refusal = "path"          // there is nothing there
	RefusedEndpoint    Refusal = "endpoint"      // unknown, or deleted
	RefusedMethod      Refusal = "method"        // the agent doesn't take it
	RefusedNoAgent     Refusal = "no-agent"      // in response mode "app"
	RefusedLength      Refusal = "length"        // HTTP/1.0 without a Content-Length
	RefusedTooLarge    Refusal = "too-large"     // over Config.MaxBody
	RefusedSlow        Refusal = "slow"          // the body stopped coming
	RefusedBroken      Refusal = "broken"        // the body can't be read
	RefusedBacklog     Refusal = "backlog"       // over Limits
	RefusedDisk        Refusal = "disk"          // full
	RefusedInternal    Refusal = "internal"      // the store failed, or the Authority
	RefusedDraining    Refusal = "draining"      // the relay is closing
	RefusedIPRate      Refusal = "rate-ip"       // over Rates.IP
	RefusedOwnRate     Refusal = "rate-endpoint" // over Rates.Endpoint
	RefusedTokenRate   Refusal = "rate-token"    // over Rates.Token
	RefusedToken       Refusal = "token"         // unknown, expired, revoked, or for something else
	RefusedAgents      Refusal = "agents"        // over Config.MaxAgents
	RefusedProtocol    Refusal = "protocol"      // the agent broke it, or speaks another version
	RefusedNoWebsocket Refusal = "no-websocket"  // a request to the agents' path that isn't one
)

type noMeter struct{}

func (noMeter) Accepted(int64, time.Duration) {}
func (noMeter) Refused(Refusal)               {}
func (noMeter) Acked(uint64)                  {}
func (noMeter) Sent(bool)                     {}
