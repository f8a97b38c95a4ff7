#!/bin/sh
# Takes the timer out of the schedule, unless the package is only replaced by another version. A run
# that goes on is asked to stop: it finishes its open calls and saves. The user delink, /etc/delink
# and /srv/delink stay: they hold a login and the results of runs.
case ${1-} in
upgrade | failed-upgrade | deconfigure | 1) exit 0 ;;
esac
if [ -d /run/systemd/system ]; then
	systemctl disable --now delink.timer || :
	systemctl stop delink.service || :
fi
