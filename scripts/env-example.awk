# Make an example of isp.env of the settings that a program's --help lists: each in a comment, with its
# default where it has one.
BEGIN { print "# Settings of isp.env(5), each with its default; a line that is a setting has no # before it." }

on && NF > 1 {
	help = $0
	sub(/^ *[A-Z_]+ +/, "", help)
	value = ""
	if (match(help, / \([^()]*\)$/)) {
		value = substr(help, RSTART + 2, RLENGTH - 3)
		help = substr(help, 1, RSTART - 1)
	}
	printf "\n# %s\n#%s=%s\n", help, $1, value
}

/^configuration:$/ { on = 1 }
