#!/bin/sh
# Makes the user and the folders of delink.service. Where there is no systemd, nobody needs them.
# Nothing is started: the timer has to be enabled by hand.
if command -v systemd-sysusers >/dev/null; then
	systemd-sysusers delink.conf || echo "delink: the user delink was not made; delink.service needs it" >&2
fi
if command -v systemd-tmpfiles >/dev/null; then
	systemd-tmpfiles --create delink.conf || echo "delink: /srv/delink was not made; delink.service needs it" >&2
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || :
fi
