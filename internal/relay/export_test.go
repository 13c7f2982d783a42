package relay

import "context"

// MaintainNow does what Maintain does each time for one endpoint.
func (r *Relay) MaintainNow(ctx context.Context, id string) error { return r.maintain(ctx, id) }
