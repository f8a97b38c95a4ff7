package emulator

import "delink/pkg/zoho/emulator/knob"

// Config is the configuration of an emulator. Every field is a knob.
type Config = knob.Config

// A Knob is one field of [Config], as users see it.
type Knob = knob.Knob

// Span is a range of times; see package knob.
type Span = knob.Span

// Share is a chance, or a part of a whole; see package knob.
type Share = knob.Share

// Names is a list of names; see package knob.
type Names = knob.Names

// IDs is a set of record ids; see package knob.
type IDs = knob.IDs

// IDCodes gives record ids an error code; see package knob.
type IDCodes = knob.IDCodes

// NameCodes gives modules and lists an error code; see package knob.
type NameCodes = knob.NameCodes

// Labels gives lists the label that people see; see package knob.
type Labels = knob.Labels

// Fault is what can go wrong with a call; see package knob.
type Fault = knob.Fault

// Mix is faults, each with its chance; see package knob.
type Mix = knob.Mix

// Chance is a fault of a Mix; see package knob.
type Chance = knob.Chance

// Script is faults by the number of the call; see package knob.
type Script = knob.Script

// Step is a fault of a Script; see package knob.
type Step = knob.Step

// Default returns the configuration with every default filled in.
func Default() Config { return knob.Default() }

// Knobs lists all knobs, in the order of [Config].
func Knobs() []Knob { return knob.List() }
