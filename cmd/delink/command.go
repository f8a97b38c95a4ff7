package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageTemplate shows examples before flags: they are what most people look for.
const usageTemplate = `Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND{{else}}{{.UseLine}}{{end}}
{{- if .HasExample}}

Examples:
{{.Example}}{{end}}
{{- if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if or .IsAvailableCommand (eq .Name "help")}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}
{{- if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableInheritedFlags}}

Flags of all commands:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
{{- if .HasAvailableSubCommands}}

delink COMMAND --help says more about a command.{{end}}
`

func (p *program) command() *cobra.Command {
	var quiet bool
	var format, level string
	root := &cobra.Command{
		Use:   "delink",
		Short: "removes relations between Zoho CRM records in bulk, and says truthfully what became of each",
		Long: `delink removes relations between Zoho CRM records in bulk: leads from campaigns, price books from products.
It reads a CSV, sends batches of 100, and writes a result file that says truthfully what became of every row.`,
		Example: `  delink run links.csv --emulator --yes   the whole job, against a built-in emulator
  delink plan links.csv                   what a run would do; sends nothing
  delink run links.csv                    asks, then delinks; run again, it goes on`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			return withMeant(cmd, p.ui.configure(quiet, format, level))
		},
	}
	flags := root.PersistentFlags()
	flags.BoolVarP(&quiet, "quiet", "q", false, "nothing but errors on standard error, and one line if links are not as wanted")
	flags.StringVar(&format, "log-format", "text", "form of messages and log records on standard error: `text|json`")
	flags.StringVar(&level, "log-level", "warn", "least level of log records: `debug|info|warn|error`")
	root.SetUsageTemplate(usageTemplate)
	root.Version = version
	root.SetVersionTemplate(thisBuild().line())
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(p.exportCommand(), p.planCommand(), p.runCommand(), p.verifyCommand(), p.undoCommand(), p.reportCommand(), p.doctorCommand(), p.authCommand(), p.emulatorCommand(), p.versionCommand(), p.manCommand())
	completeValues(root)
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range append(root.Commands(), root) {
		switch {
		case cmd.Name() == "help":
			cmd.Run, cmd.RunE = nil, help
		case cmd.HasSubCommands():
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, group
		}
		if cmd.Name() == "completion" {
			for _, shell := range cmd.Commands() {
				shell.Args = noArguments
			}
		}
	}
	return root
}

// group is a command that only holds others. Without an argument it shows its help.
func group(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return unknownCommand(cmd, args[0])
	}
	return cmd.Help()
}

// help shows the help of the command that args name.
func help(cmd *cobra.Command, args []string) error {
	topic, rest, err := cmd.Root().Find(args)
	if err != nil {
		return usageError{err, cmd.Root().Name() + " help lists the commands"}
	}
	if len(rest) > 0 {
		return unknownCommand(topic, rest[0])
	}
	topic.InitDefaultHelpFlag() // so that the help shows this flag, too
	return topic.Help()
}

// noArguments is the argument check of commands that take flags only. The error does not repeat an
// argument, which may be a secret.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%s takes no arguments", cmd.CommandPath()), cmd.CommandPath() + " --help lists the flags"}
}

// fromTwin is the annotation of a flag whose value is from its twin in the environment. It has the
// name of the twin.
const fromTwin = "twin"

// environment gives every flag that is not on the command line the value of its twin: --max-calls
// is DELINK_MAX_CALLS.
func (p *program) environment(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := "DELINK_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := p.getenv(name)
		if err != nil || f.Changed || value == "" || f.Name == "help" {
			return
		}
		_ = cmd.Flags().SetAnnotation(f.Name, fromTwin, []string{name}) // it fails for no flag that exists
		if e := cmd.Flags().Set(f.Name, value); e != nil {
			err = usageError{fmt.Errorf("%s: %w", name, e), "it is the twin of --" + f.Name + ": see " + cmd.CommandPath() + " --help"}
		}
	})
	return err
}

// oneInput is the argument of commands that read an input.
func oneInput(cmd *cobra.Command, args []string) error {
	if len(args) == 1 {
		return nil
	}
	cause := "the input is missing"
	if len(args) > 1 {
		cause = fmt.Sprintf("one input at a time, not %d", len(args))
	}
	return usageError{fmt.Errorf("%s", cause), "write " + cmd.CommandPath() + " links.csv, or - for standard input"}
}
