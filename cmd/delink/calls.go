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

func (l logged) LinkFields(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID) ([]zoho.LinkState, error) {
	start := time.Now()
	states, err := l.Client.LinkFields(ctx, t, r, parent, ids)
	l.tell(ctx, "look up with fields", r, parent, len(ids), start, err)
	return states, err
}

func (l logged) LookUp(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, ids []zoho.ID, what zoho.LookFor) ([]zoho.LinkState, error) {
	start := time.Now()
	states, err := l.Client.LookUp(ctx, t, r, parent, ids, what)
	l.tell(ctx, "look up with fields", r, parent, len(ids), start, err)
	return states, err
}

func (l logged) Link(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, links []zoho.NewLink) (zoho.Answer, error) {
	start := time.Now()
	a, err := l.Client.Link(ctx, t, r, parent, links)
	l.tell(ctx, "link", r, parent, len(links), start, err)
	return a, err
}

func (l logged) Links(ctx context.Context, t zoho.Token, r zoho.Relation, parent zoho.ID, p zoho.PageOf) (zoho.Page, error) {
	start := time.Now()
	page, err := l.Client.Links(ctx, t, r, parent, p)
	l.tellRead(ctx, "links", len(page.Records), start, err, slog.String("relation", r.String()), slog.String("parent_id", parent.String()))
	return page, err
}

func (l logged) Records(ctx context.Context, t zoho.Token, module string, view zoho.ID, p zoho.PageOf) (zoho.Page, error) {
	start := time.Now()
	page, err := l.Client.Records(ctx, t, module, view, p)
	l.tellRead(ctx, "records", len(page.Records), start, err, slog.String("module", module))
	return page, err
}

// Query does not log the query, whose conditions may hold data of people.
func (l logged) Query(ctx context.Context, t zoho.Token, query string) (zoho.Page, error) {
	start := time.Now()
	page, err := l.Client.Query(ctx, t, query)
	l.tellRead(ctx, "query", len(page.Records), start, err)
	return page, err
}

func (l logged) Views(ctx context.Context, module string) ([]zoho.View, error) {
	start := time.Now()
	views, err := l.Client.Views(ctx, module)
	l.tellRead(ctx, "views", len(views), start, err, slog.String("module", module))
	return views, err
}

// tell logs a call that names ids.
func (l logged) tell(ctx context.Context, what string, r zoho.Relation, parent zoho.ID, n int, start time.Time, err error) {
	if l.silent(ctx, err) {
		return
	}
	l.write(ctx, what, start, err, slog.String("relation", r.String()), slog.String("parent_id", parent.String()), slog.Int("ids", n))
}

// tellRead logs a call that reads records; of says which.
func (l logged) tellRead(ctx context.Context, what string, n int, start time.Time, err error, of ...slog.Attr) {
	if !l.silent(ctx, err) {
		l.write(ctx, what, start, err, append(of, slog.Int("records", n))...)
	}
}

// silent reports whether nobody wants to know of a call. Most runs log none, and make many.
func (l logged) silent(ctx context.Context, err error) bool { return !l.log.Enabled(ctx, levelOf(err)) }

func levelOf(err error) slog.Level {
	if err != nil {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

func (l logged) write(ctx context.Context, what string, start time.Time, err error, attrs ...slog.Attr) {
	attrs = append(attrs, slog.Duration("took", time.Since(start)))
	if err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	l.log.LogAttrs(ctx, levelOf(err), what, attrs...)
}
