package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Commands are listed in the order of a job's life, not of the alphabet.
func init() { cobra.EnableCommandSorting = false }

// helpWidth is how wide a help can be: as the terminal, but no wider than can be read well.
func (p *program) helpWidth() int { return min(p.paper().width, widestHelp) }

// showHelp writes the help of a command to standard output. An error of writing is of no interest:
// most often, somebody has closed a pager before the end.
func (p *program) showHelp(cmd *cobra.Command, _ []string) {
	_, _ = io.WriteString(p.stdout, helpOf(cmd, p.helpWidth()))
}

// helpOf gives the help of a command, or the text of a topic.
func helpOf(cmd *cobra.Command, width int) string {
	s := sheet{width}
	if cmd.IsAdditionalHelpTopicCommand() {
		return s.text(cmd.Long)
	}
	var b strings.Builder
	part := func(heading, text string) {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		if heading != "" {
			b.WriteString(heading + ":\n")
		}
		b.WriteString(text)
	}
	part("", s.text(aboutOf(cmd)))
	part("Usage", s.command(usageOf(cmd)))
	if cmd.HasExample() {
		part("Examples", s.examples(cmd.Example))
	}
	if rows := commandRows(cmd); len(rows) > 0 {
		part("Commands", s.rows(rows, s.column(rows)))
	}
	groups := groupedFlags(cmd)
	var all [][2]string
	for _, g := range groups {
		all = append(all, flagRows(g.flags)...)
	}
	for _, g := range groups {
		part(g.heading, s.rows(flagRows(g.flags), s.column(all)))
	}
	if rows := topicRows(cmd); len(rows) > 0 {
		part("Topics", s.rows(rows, s.column(rows)))
	}
	part("", s.text(moreHelp(cmd)))
	return b.String()
}

// aboutOf gives what a command is.
func aboutOf(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Name() + " " + cmd.Short + "."
}

// usageOf gives the form of a command.
func usageOf(cmd *cobra.Command) string {
	if cmd.HasAvailableSubCommands() {
		return cmd.CommandPath() + " COMMAND"
	}
	return strings.TrimSuffix(cmd.UseLine(), " [flags]") + " [FLAGS]"
}

// commandRows are the commands below a command.
func commandRows(cmd *cobra.Command) [][2]string {
	var rows [][2]string
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() || below.Name() == helpName {
			rows = append(rows, [2]string{below.Name(), below.Short})
		}
	}
	return rows
}

// topicRows are the topics below a command.
func topicRows(cmd *cobra.Command) [][2]string {
	var rows [][2]string
	for _, below := range cmd.Commands() {
		if below.IsAdditionalHelpTopicCommand() && below.Name() != helpName {
			rows = append(rows, [2]string{below.Name(), below.Short})
		}
	}
	return rows
}

// moreHelp says where there is more to read.
func moreHelp(cmd *cobra.Command) string {
	root := cmd.Root()
	switch {
	case cmd == root:
		return root.Name() + " COMMAND --help says more about a command, and " + root.Name() + " help TOPIC about a topic."
	case cmd.HasAvailableSubCommands():
		return cmd.CommandPath() + " COMMAND --help says more about a command."
	}
	var topics []string
	for _, row := range topicRows(root) {
		topics = append(topics, root.Name()+" help "+row[0])
	}
	last := len(topics) - 1
	return "See also " + strings.Join(topics[:last], ", ") + " and " + topics[last] + "."
}

// helpName is the name of the command that shows helps.
const helpName = "help"

// helpCommand shows the help of a command, or a topic.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   helpName + " [COMMAND | TOPIC]",
		Short: "shows the help of a command, or a topic",
		Example: `  delink help run
  delink help exit-codes`,
		RunE:              help,
		ValidArgsFunction: completeHelp,
	}
}

// completeHelp offers commands and topics.
func completeHelp(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	of, rest, err := cmd.Root().Find(args)
	if err != nil || len(rest) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var all []cobra.Completion
	for _, row := range append(commandRows(of), topicRows(of)...) {
		all = append(all, cobra.CompletionWithDesc(row[0], row[1]))
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// describeCompletion puts the texts of the completion command in the place of cobra's.
func describeCompletion(completion *cobra.Command) {
	completion.Short = "prints the completion of commands and flags for a shell"
	completion.Long = "completion prints a script with which a shell completes commands, flags and their values when Tab is pressed."
	const both = "The first example loads it in this shell, the second in every new one."
	loading := map[string]struct{ how, examples string }{
		"bash":       {"It needs the package bash-completion. " + both, "  . <(delink completion bash)\n  delink completion bash >~/.local/share/bash-completion/completions/delink"},
		"zsh":        {"It needs autoload -Uz compinit && compinit in ~/.zshrc. " + both, "  . <(delink completion zsh)\n  delink completion zsh >\"${fpath[1]}/_delink\""},
		"fish":       {both, "  delink completion fish | source\n  delink completion fish >~/.config/fish/completions/delink.fish"},
		"powershell": {"The example loads it in this shell. Add its line to your profile to load it in every new one.", "  delink completion powershell | Out-String | Invoke-Expression"},
	}
	for _, shell := range completion.Commands() {
		load := loading[shell.Name()]
		shell.Short = "prints the completion for " + shell.Name()
		shell.Long = shell.Name() + " prints the completion for this shell. " + load.how
		shell.Example = load.examples
		shell.Args = noArguments
		if f := shell.Flags().Lookup("no-descriptions"); f != nil {
			f.Usage = "complete without saying what each word means"
		}
	}
}
