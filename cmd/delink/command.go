package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func (p *program) command() *cobra.Command {
	var quiet bool
	var format, level string
	root := &cobra.Command{
		Use:   "delink",
		Short: "removes relations between Zoho CRM records in bulk, and says truthfully what became of each",
		Long: `delink removes relations between Zoho CRM records in bulk: leads from campaigns, price books from products.
It reads a CSV, sends batches of 100, and writes a result file that says truthfully what became of every row.`,
		Example: `  delink run links.csv --emulator --yes   a rehearsal without an account
  delink plan links.csv                   what a run would do; sends nothing
  delink run links.csv                    asks first; run again, it goes on`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.environment(cmd); err != nil {
				return err
			}
			p.ui.configure(quiet, format, level)
			return nil
		},
	}
	flags := root.PersistentFlags()
	flags.BoolVarP(&quiet, "quiet", "q", false, "nothing but errors on standard error, and one line if links are not as wanted")
	defineChoice(flags, &format, "log-format", formatText, "form of messages and log records on standard error: text or json")
	defineChoice(flags, &level, "log-level", "warn", "log records of this level and above: debug, info, warn or error")
	flags.BoolP("help", "h", false, "show this help")
	root.Flags().BoolP("version", "v", false, "show the version")
	root.SetHelpFunc(p.showHelp)
	root.SetUsageFunc(func(cmd *cobra.Command) error { p.showHelp(cmd, nil); return nil })
	root.Version = version
	root.SetVersionTemplate(thisBuild().line())
	root.SetFlagErrorFunc(wrongFlag)
	root.AddCommand(p.exportCommand(), p.planCommand(), p.runCommand(), p.verifyCommand(), p.undoCommand(), p.reportCommand(), p.doctorCommand(), p.authCommand(), p.emulatorCommand(), p.versionCommand(), p.manCommand())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	completeValues(root)
	root.InitDefaultCompletionCmd()
	for _, cmd := range append(root.Commands(), root) {
		if cmd.Name() == "completion" {
			describeCompletion(cmd)
		}
		if cmd.HasSubCommands() {
			cmd.Args, cmd.RunE = cobra.ArbitraryArgs, group
		}
	}
	nameValues(root)
	addTopics(root)
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
	switch {
	case len(rest) > 0 && topic.IsAdditionalHelpTopicCommand():
		return usageError{fmt.Errorf("%s is a topic, and has none below it", topic.Name()), cmd.CommandPath() + " " + topic.Name() + " shows it"}
	case len(rest) > 0:
		return unknownCommand(topic, rest[0])
	}
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

// fromVariable is the annotation of a flag whose value is from its environment variable. It has the
// name of the variable.
const fromVariable = "variable"

// environment gives every flag that is not on the command line the value of its environment
// variable: --max-calls is DELINK_MAX_CALLS.
func (p *program) environment(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		name := variableOf(f.Name)
		if err != nil || f.Changed || name == "" {
			return
		}
		value := p.getenv(name)
		if value == "" {
			return
		}
		_ = cmd.Flags().SetAnnotation(f.Name, fromVariable, []string{name}) // it fails for no flag that exists
		if e := cmd.Flags().Set(f.Name, value); e != nil {
			if wrong := (*pflag.InvalidValueError)(nil); errors.As(e, &wrong) {
				e = flagError{wrongText(wrong), e}
			}
			hint := "it is the environment variable of --" + f.Name + ": see " + cmd.CommandPath() + " --help"
			if word := meantWord(f.Name, value); word != "" {
				hint = "did you mean " + name + "=" + word + "? " + hint
			}
			err = usageError{fmt.Errorf("%s: %w", name, e), hint}
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
