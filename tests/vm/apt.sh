# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# apt.sh - what fetches packages of any Debian suite and architecture, for scripts that set dir and
# arch and source this. The machine's own package lists and state stay untouched: each suite and
# architecture is a world of its own under $dir/apt.

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
dir=${dir:-} arch=${arch:-}

# The archive's address comes from this machine's own apt sources: mirrors and proxies just work.
archive_uri() { # SUITE
	local want='^(bookworm|trixie|oldstable|stable)$'
	[[ $1 != *-security ]] || want='-security$'
	# shellcheck disable=SC2016 # the fields are apt's to fill in
	APT_CONFIG='' apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		sort -u | awk -v want="$want" '$2 ~ want { print $1; exit }'
}

world_dir() { # SUITE
	echo "$dir/apt/$1-$arch"
}

apt_world() { # SUITE URI
	local d
	d=$(world_dir "$1")
	mkdir -p "$d"/{lists/partial,archives/partial,state,etc/apt.conf.d,etc/preferences.d}
	: > "$d/state/status"
	cat > "$d/etc/suite.sources" <<-SOURCES
		Types: deb
		URIs: $2
		Suites: $1
		Components: main
		Architectures: $arch
		Signed-By: $keyring
	SOURCES
	# Signatures are checked; dates are not, for a mirror of an old suite may lag its expiry.
	cat > "$d/apt.conf" <<-CONF
		APT::Architecture "$arch"; APT::Architectures { "$arch"; };
		APT::Sandbox::User "root";
		Dir::Etc "$d/etc"; Dir::Etc::sourcelist "$d/etc/suite.sources"; Dir::Etc::sourceparts "-";
		Dir::State "$d/state"; Dir::State::lists "$d/lists"; Dir::State::status "$d/state/status";
		Dir::Cache "$d"; Dir::Cache::archives "$d/archives";
		Acquire::Languages "none"; Acquire::Check-Valid-Until "false";
		Acquire::Retries "2"; Acquire::http::Timeout "20"; Acquire::https::Timeout "20";
	CONF
}

# apt in the world of a suite; what goes wrong is kept for skip_reason.
world() { # SUITE COMMAND...
	local d
	d=$(world_dir "$1")
	shift
	APT_CONFIG=$d/apt.conf "$@" 2>> "$d/errors"
}

skip_reason() { # SUITE
	local line errors
	errors=$(world_dir "$1")/errors
	line=$(grep -am1 '^[EW]:' "$errors" | cut -c4-150 | sed 's,[a-z]*://[^ ]*/,,g') || true
	echo "${line:-$(tail -n 1 "$errors" | cut -c1-150)}"
}

open_suite() { # SUITE
	local uri errors
	errors=$(world_dir "$1")/errors
	mkdir -p "${errors%/*}"
	: > "$errors"
	[ -e "$keyring" ] || { echo "E: no $keyring" > "$errors"; return 1; }
	uri=$(archive_uri "$1") || true
	[ -n "$uri" ] || { echo "E: no apt source here serves $1" > "$errors"; return 1; }
	apt_world "$1" "$uri"
	# A silent archive must not hold up the run: the other suites still count.
	world "$1" timeout 120 apt-get -qq -o APT::Update::Error-Mode=any update
}
