package main

import (
	"context"
	"log/slog"
	"time"

	"delink/pkg/zoho"
)

// logged is a client that logs its calls, at level debug. Calls that fail are logged at level info
// and not higher, since the worker decides whether the failure matters.
type logged struct {
	*zoho.Client
	log *slog.Logger
}

func (l logged) Token(ctx context.Context) (zoho.Token, error) {
	start := time.Now()
	t, err := l.Client.Token(ctx)
	if err != nil {
		l.log.LogAttrs(ctx, slog.LevelInfo, "token", slog.Duration("took", time.Since(start)), slog.String("error", err.Error()))
	}
	return t, err
}

func (l logged) Delink(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) (zoho.Answer, error) {
	start := time.Now()
	a, err := l.Client.Delink(ctx, t, r, parent, ids)
	l.tell(ctx, "delink", r, parent, len(ids), start, err)
	return a, err
}

func (l logged) Linked(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]bool, error) {
	start := time.Now()
	linked, err := l.Client.Linked(ctx, t, r, parent, ids)
	l.tell(ctx, "look up", r, parent, len(ids), start, err)
	return linked, err
}

// tell logs a call.
func (l logged) tell(ctx context.Context, what string, r zoho.Relation, parent zoho.ID, n int, start time.Time, err error) {
	level := slog.LevelDebug
	if err != nil {
		level = slog.LevelInfo
	}
	if !l.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("relation", r.String()), slog.String("parent_id", parent.String()), slog.Int("ids", n),
		slog.Duration("took", time.Since(start)),
	}
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	l.log.LogAttrs(ctx, level, what, attrs...)
}
