package job

import (
	"context"
	"errors"
	"slices"

	"delink/pkg/disk"
	"delink/pkg/outcome"
	"delink/pkg/reader"
	"delink/pkg/reader/value"
	"delink/pkg/relation"
	"delink/pkg/zoho"
)

// An input may call a related list by the label that people see. Which list that is, the org says,
// and so it is known only behind the reading of the input. From then on the list has its API name
// everywhere.

// named gives a relation with the API name of its list, if the org has exactly one list with that
// label.
func (a *answers) named(r zoho.Relation) zoho.Relation {
	named := relation.Named(r, a.lists[r.Module])
	if named != r {
		a.notef("%q is the related list %s of %s", r.List, named.List, r.Module)
	}
	return named
}

// nameLists gives the lists of the input their API names. For a relation for which the user vouches,
// the user's name counts. The other sides of relations that got a name are known only now, so the
// org is asked about these, too.
func (j *Job) nameLists(ctx context.Context) error {
	names := map[zoho.Relation]zoho.Relation{}
	for _, r := range j.input.relationsNamed() {
		if slices.Contains(j.config.Allow, r) {
			continue
		}
		if named := j.answers.named(r); named != r {
			names[r] = named
		}
	}
	if len(names) == 0 {
		return nil
	}
	set, err := j.input.Set.Renamed(names)
	if err != nil {
		return &Refusal{Err: err}
	}
	j.input.Set = set
	j.answers.askLists(ctx, j.conn, otherModules(j.input), j.config.Limits)
	j.config.Reader.Lists, j.input.Config.Reader.Lists = names, names // the input is read again
	j.input.lookAtOptions()
	for _, links := range [][]reader.Link{j.input.leftUnknown, j.input.inDoubt} {
		for i, l := range links {
			if named, is := names[l.Relation]; is {
				links[i].Relation = named
			}
		}
	}
	return nil
}

// relationsNamed gives the relations of the input, and those that the option for the list would make
// of them. The option may be the label of a list whose API name is in the file.
func (p *Input) relationsNamed() (all []zoho.Relation) {
	of := p.Set.Relations()
	for _, c := range of {
		all = append(all, c.Relation)
	}
	list := value.APIName(p.Config.Reader.Relation)
	for _, c := range of {
		if r := (zoho.Relation{Module: c.Relation.Module, List: list}); list != "" && !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all
}

// refuseNames refuses an input for the names of its lists, as soon as it is known what the org calls
// them.
func (j *Job) refuseNames(ctx context.Context) error {
	if err := j.refuseUnnamed(ctx); err != nil || j.answers.refused != nil || ctx.Err() != nil {
		return err
	}
	if s := j.input.suspected(true); s != nil {
		return &Refusal{Err: s}
	}
	return nil
}

// refuseUnnamed ends a job of which it is not known which lists it is about. It comes before the
// files of earlier runs are compared: these have the API names, and would not fit.
func (j *Job) refuseUnnamed(ctx context.Context) error {
	isLabel := func(r zoho.Relation) bool { return !zoho.ValidName(r.List) }
	for _, p := range j.answers.problems {
		if p.Kind == relation.SeveralLists || isLabel(p.Relation) {
			return j.answers.problems.refusal(j.input)
		}
	}
	for _, c := range j.input.Set.Relations() {
		switch {
		case !isLabel(c.Relation):
		case ctx.Err() != nil:
			return &Stopped{outcome.ReasonOf(ctx)}
		case j.answers.refused != nil:
			return j.answers.refused
		}
	}
	return nil
}

// Misnamed gives the relation of an input whose header names no link, if its module or its list is
// none that every org has. Columns are found by these names. So if one of them is wrong, that is the
// reason of the error, and not the header. The list may be empty: then it is not known.
func Misnamed(err error) (r zoho.Relation, is bool) {
	input := new(reader.InputError)
	if !errors.As(err, &input) {
		return r, false
	}
	lacks, _ := input.Remedy.(reader.Complete)
	r = lacks.For
	usual := zoho.FindModule(r.Module) != nil && (r.List == "" || zoho.ClassOf(r) != zoho.Unlisted)
	return r, r.Module != "" && !usual
}

// misnamed gives the reason why an input cannot be read, where err is that its header names no link:
// see Misnamed.
//
// It gives nil if the input can be read now: its list was called by its label, and has its API name
// from now on.
func (j *Job) misnamed(ctx context.Context, err error) error {
	r, is := Misnamed(err)
	if !is {
		return err
	}
	if j.world.Connect == nil {
		return j.misnamedOffline(r, err)
	}
	if j.conn == nil {
		var broken error
		if j.conn, broken = j.world.Connect(); broken != nil {
			return broken
		}
	}
	if j.world.Asking != nil {
		defer j.world.Asking()()
	}
	a := inquire(ctx, j.conn, []string{r.Module}, nil, j.config.Limits)
	if a.refused != nil || ctx.Err() != nil {
		return err
	}
	named := a.named(r)
	problem := a.problem(named, j.config.Allow)
	switch {
	case named != r && j.canReadAgain():
		j.config.Reader.Relation = named.List
		j.notes = append(j.notes, a.notes...)
		j.answers.asked = a.asked
		return nil
	case problem != nil && (problem.Kind == relation.NoSuchModule || r.List != ""):
		return &Refusal{Cause: problem.Error(), Hint: problem.Hint()}
	}
	return err
}

// canReadAgain reports whether the input can be opened again, and names its list by an option.
func (j *Job) canReadAgain() bool {
	return j.config.Reader.Relation != "" && j.config.Input != Stdin && !disk.IsStream(j.config.Input)
}

// misnamedOffline is misnamed where no org is asked: whether the names are wrong is not known.
func (j *Job) misnamedOffline(r zoho.Relation, err error) error {
	problem := &relation.Problem{Relation: r, Kind: relation.NotKnown}
	if r.List != "" {
		problem = relation.Check(r, j.config.Allow, nil)
	}
	if problem == nil {
		return err
	}
	input := new(reader.InputError)
	errors.As(err, &input) // as in Misnamed
	return &Refusal{Cause: problem.Error(), Hint: problem.Hint() + "; if the name is right, " + input.Cause}
}
