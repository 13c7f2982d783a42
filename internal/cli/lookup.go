package cli

import (
	"context"
	"errors"

	"github.com/solatis/solatis-cli/internal/filter"
	"github.com/solatis/solatis-cli/internal/history"
)

// lastRequest is what stands for the newest request in the place of an id.
const lastRequest = "last"

var errNothingRecorded = errors.New("nothing is recorded yet: run solatis listen, and solatis trigger document.analyzed beside it")

// findRequest returns the id of the request that somebody means: by an id of it, of its
// event or of a delivery, by the beginning of one, or as the last one.
func findRequest(ctx context.Context, h *history.History, id string) (string, error) {
	if id != lastRequest {
		request, err := h.Find(ctx, id)
		return request, notFound(err)
	}
	newest, err := h.Requests(ctx, filter.Query{}, 1)
	switch {
	case err != nil:
		return "", err
	case len(newest) == 0:
		return "", errNothingRecorded
	}
	return newest[0].Request, nil
}

// notFound makes a wrong id a usage error.
func notFound(err error) error {
	var missing *history.NotFoundError
	var ambiguous *history.AmbiguousError
	if errors.As(err, &missing) || errors.As(err, &ambiguous) {
		return &codedError{exitUsage, err}
	}
	return err
}
