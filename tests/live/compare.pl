#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
#
# compare.pl STRACE_OUTPUT SAKER_OUTPUT - compare what strace and saker say of two runs of a program,
# call by call and thread by thread: names, order, arguments, results, and what descriptors stand for.
#
# Prints each mismatch, and at last how much was compared. Exit status 1 if there is a mismatch.
# What differs by design is a row in one of the tables below, with its reason.
use strict;
use warnings;
use JSON::PP;

# Calls that one of both may show alone.
my %alone = (
	futex           => 'whether a thread must wait depends on timing',
	rt_sigreturn    => 'signals of children that end come at other moments, and merge',
	restart_syscall => 'the kernel restarts a call that strace itself interrupted',
);

# Other names for the same call: strace has those of the C library for some.
my %same_name = (
	'_llseek' => 'llseek', 'getuid32' => 'getuid', 'geteuid32' => 'geteuid', 'getgid32' => 'getgid',
	'getegid32' => 'getegid', 'newfstatat' => 'newfstatat', 'pread' => 'pread64', 'umount' => 'umount2',
);

# Arguments, "call.argument" or "call.*", that are not compared.
my %skipped = (
	'exit.status'          => 'strace prints it as a result would be',
	'wait4.pid'            => 'children end in any order',
	'clone.*'              => 'strace orders them by meaning; flags are compared by themselves',
	'clone3.cl_args'       => 'strace prints the structure by its members',
	'clone3.args'          => 'strace prints the structure by its members',
	'execve.envp'          => 'strace counts variables, saker keeps them on request',
	'ioctl.arg'            => 'strace decodes what the address points to',
	'arch_prctl.addr'      => 'strace decodes by operation',
	'fcntl.arg'            => 'strace decodes by command',
	'prctl.*'              => 'strace decodes by option',
	'prlimit64.new_limit'  => 'strace abbreviates well-known limits',
	'rt_sigprocmask.set'   => 'strace writes sets without prefixes',
	'getdents64.dirent'    => 'strace decodes entries',
	'sysinfo.*'            => 'the machine changes',
	'rseq.*'               => 'strace decodes the structure',
	'io_uring_setup.*'     => 'strace decodes the structure',
	'uname.*'              => 'strace decodes the structure',
	'pipe.pipefd'          => 'strace shows what the descriptors stand for; facts are compared',
	'pipe2.pipefd'         => 'strace shows what the descriptors stand for; facts are compared',
	'mmap2.pgoffset'       => 'strace multiplies pages to bytes',
	'llseek.*'             => 'strace joins both halves of the offset',
);

# Flags that strace shows though their value is 0.
my %zero = map { $_ => 1 } qw(AT_STATX_SYNC_AS_STAT);

# Calls whose result is not compared.
my %any_result = (
	map({ $_ => 'depends on when it is asked' } qw(time times clock_gettime gettimeofday getrandom sysinfo sched_getaffinity)),
	getppid => 'the tracer is the parent',
	wait4 => 'children end in any order', exit => 'it has none', exit_group => 'it has none',
	rt_sigreturn => 'it is what the interrupted code had',
);

my ($strace_file, $saker_file) = @ARGV;
my (%s_calls, %k_calls, $s_root, $k_root, @bad);
my ($calls, $arguments, $skips, $facts) = (0) x 4;

# --- reading

# Arguments between commas that are not inside brackets or quotes.
sub split_args {
	my ($text) = @_;
	my ($depth, $quoted, $word, @words) = (0, 0, '');
	for my $c ($text =~ /(\\.|\/\* .*? \*\/|=>|<(?:[^<>]|->)*>|.)/gs) {
		if ($quoted) {
			$quoted = 0 if $c eq '"';
		} elsif ($c eq '"') {
			$quoted = 1;
		} elsif ($c =~ /^[\[{(]$/) {
			$depth++;
		} elsif ($c =~ /^[\]})]$/) {
			$depth--;
		} elsif ($c eq ',' && !$depth) {
			push @words, $word;
			$word = '';
			next;
		}
		$word .= $c;
	}
	push @words, $word if $word =~ /\S/;
	s/^\s+|\s+$//g for @words;
	return @words;
}

sub read_strace {
	my %pending;
	open my $in, '<', $strace_file or die "$strace_file: $!\n";
	while (<$in>) {
		chomp;
		next unless /^(\d+)\s+(.*)/;
		my ($tid, $line) = ($1, $2);
		$s_root //= $tid;
		next if $line =~ /^(---|\+\+\+|strace:)/;
		if ($line =~ /^(.*?)\s*<unfinished \.\.\.>$/) {
			$pending{$tid} = $1;
			next unless $pending{$tid} =~ /^(exit|exit_group)\(/;
			$line = delete($pending{$tid}) . ') = ?';
		} elsif ($line =~ /^<\.\.\. \w+ resumed>(.*)/) {
			$line = (delete($pending{$tid}) // '') . $1;
		}
		next unless $line =~ /^(\w+)\((.*)\)\s+= (.*)$/s;
		my ($name, $args, $ret) = ($1, $2, $3);
		# A call that a signal interrupted begins again; whether one did is chance.
		next if $ret =~ /^\? ERESTART/;
		push @{$s_calls{$tid}}, { name => $same_name{$name} // $name, args => [split_args($args)], ret => $ret, line => $line };
	}
}

sub read_saker {
	my $json = JSON::PP->new->allow_bignum;
	my $order = 0;
	open my $in, '<', $saker_file or die "$saker_file: $!\n";
	while (<$in>) {
		next unless /^\{/;
		# The order of arguments is that of the text.
		my $r = $json->decode($_);
		next if $r->{lane} eq 'critical' && $r->{event} =~ /^(agent_|stats|lost)/;
		next if ($r->{errno} // '') =~ /^ERESTART/;
		my ($text) = /"args":\{(.*)/ ? $1 : '';
		my @names = sort { index($text, "\"$a\":") <=> index($text, "\"$b\":") } keys %{$r->{args}};
		# proc.args comes before
		($text) = /"args":(\{.*)$/;
		$k_root //= $r->{proc}{tid};
		push @{$k_calls{$r->{proc}{tid}}}, { name => $r->{event}, names => \@names, r => $r, line => $_ };
	}
}

# --- comparing

my %pid_of;	# strace's to saker's

sub unescape {
	my ($s) = @_;
	my %simple = (n => "\n", t => "\t", r => "\r", v => "\x0b", f => "\x0c");
	$s =~ s/\\(x[0-9a-f]{2}|[0-7]{1,3}|.)/
		my $e = $1;
		$e =~ m,^x(..), ? chr(hex $1) : $e =~ m,^[0-7], ? chr(oct $e) : $simple{$e} \/\/ $e/gesx;
	utf8::decode($s);
	return $s;
}

sub flag_set {
	return join '|', sort grep { !$zero{$_} } split /\|/, $_[0];
}

# {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}
sub address {
	my ($s) = @_;
	return unescape($1) if $s =~ /sun_path="(.*)"/;
	return '@' . unescape($1) if $s =~ /sun_path=@"(.*)"/;
	return "$2:$1" if $s =~ /sin_port=htons\((\d+)\), sin_addr=inet_addr\("(.*?)"\)/;
	return "[$2]:$1" if $s =~ /sin6_port=htons\((\d+)\).*inet_pton\(AF_INET6, "(.*?)"/;
	return undef;
}

sub number_of {
	my ($s) = @_;
	return undef unless defined $s && $s =~ /^-?(0x[0-9a-fA-F]+|[0-9]+)$/;
	return $s =~ /^0[0-7]*$/ ? oct $s : $s =~ /^0x/ ? Math::BigInt->new($s)->bstr : $s;
}

# undef: equal; '': not compared; else what is wrong
sub differ {
	my ($s, $k) = @_;
	my $text = !defined $k ? 'NULL' : ref $k eq 'ARRAY' ? undef : "$k";
	$s =~ s/^\w+=(?=[^=])// unless $s =~ /^"/;
	$s =~ s/\s*\/\*.*?\*\///g;
	if ($s =~ /^(-?\d+)<.*>$/s) {
		$s = $1;
	} elsif ($s =~ /^AT_FDCWD</) {
		$s = 'AT_FDCWD';
	}
	if ($s =~ /^\[/ && ref $k eq 'ARRAY') {
		my @want = map { /^"(.*)"$/s ? unescape($1) : $_ } split_args(substr($s, 1, -1));
		return join("\0", @want) eq join("\0", @$k) ? undef : 'list';
	}
	return '' if ref $k;
	if ($s =~ /^\{sa_family=/) {
		my $want = address($s);
		return !defined $want ? '' : $want eq $text ? undef : 'address';
	}
	return '' if $s =~ /^[\[{~]/;	# a structure
	if ($s =~ /^"(.*)"(\.\.\.)?$/s) {
		return '' if $text =~ /^0x/ || $text eq 'NULL';	# a buffer that saker does not read
		return unescape($1) eq $text ? undef : 'text';
	}
	$s = 'NULL' if $s eq '0' && $text eq 'NULL';
	return undef if $s eq $text;
	my ($a, $b) = (number_of($s), number_of($text));
	if (defined $a && defined $b) {
		return undef if $a eq $b;
		return undef if defined $pid_of{$a} && $pid_of{$a} eq $b;
		return undef if $a =~ /^\d+$/ && $b =~ /^-\d+$/ && $a == 4294967296 + $b;
		return 'number';
	}
	return undef if flag_set($s) eq flag_set($text);
	return 'value';
}

# Names of things that are numbered anew in each run.
sub plain {
	my ($name) = @_;
	$name =~ s/(pipe|socket):\[\d+\]/$1/;
	$name =~ s,^/proc/\d+,/proc/N,;
	$name =~ s/\.[sk]\.(out|err)$/.$1/;
	$name =~ s/ ?\(deleted\)$//;
	$name =~ s/^anon_inode://;
	return $name;
}

sub compare_facts {
	my ($s, $k, $where) = @_;
	my %named;
	for my $fact (grep { $_ } $k->{r}{fd}, @{$k->{r}{fds} // []}) {
		$named{$fact->{num}} = $fact->{name};
	}
	# What the second descriptor of dup2 was before is strace's alone.
	for my $word ($k->{name} =~ /^dup[23]$/ ? () : @{$s->{args}}, $s->{ret}) {
		next unless $word =~ /^(?:\w+=)?(\d+)<(.*)>$/s && defined $named{$1};
		my ($number, $path) = ($1, $2);
		my ($have, $want) = (plain($named{$number}), plain(unescape($path)));
		# strace -y knows no addresses; saker's are compared by those of the calls.
		next if $want eq 'socket' || $want =~ /^(TCP|UDP|UNIX|NETLINK)/;
		$facts++;
		push @bad, "$where: descriptor $number is $have, not $want" if $have ne $want;
	}
}

sub compare_call {
	my ($s, $k, $where) = @_;
	my $name = $k->{name};
	$calls++;
	for my $i (0 .. $#{$k->{names}}) {
		my $arg = $k->{names}[$i];
		my $want = $s->{args}[$i];
		if ($skipped{"$name.$arg"} || $skipped{"$name.*"} || !defined $want) {
			$skips++;
			next;
		}
		my $how = differ($want, $k->{r}{args}{$arg});
		# What a failed call did not write is an address for strace, nothing for saker.
		$how = '' if $arg eq 'addr' && !defined $k->{r}{args}{$arg} && $s->{ret} =~ /^-1/;
		if (!defined $how) {
			$arguments++;
		} elsif ($how eq '') {
			$skips++;
		} else {
			my $have = $k->{r}{args}{$arg};
			push @bad, "$where: $arg is " . (ref $have ? encode_json($have) : $have // 'null') . ", not $want";
		}
	}
	compare_facts($s, $k, $where);
	return if $any_result{$name} || $s->{ret} =~ /^\?/;
	my ($want, $errno) = $s->{ret} =~ /^(-?\w+)(?:<.*>)?(?:\s+(E\w+))?/;
	my $have = $k->{r}{errno} // $k->{r}{ret};
	$have = '(none)' unless defined $have;
	push @bad, "$where: the result is $have, not $s->{ret}" if differ($errno // $want, $have) // '';
}

sub children {
	my ($list, $name, $ret) = @_;
	return grep { $name->($_) =~ /^(clone|clone3|fork|vfork)$/ && $ret->($_) =~ /^\d+/ && $ret->($_) > 0 } @$list;
}

# The n-th child of a thread in one run is the n-th in the other.
sub pair_threads {
	my ($s_tid, $k_tid) = @_;
	$pid_of{$s_tid} = $k_tid;
	no warnings 'numeric';
	my @s = children($s_calls{$s_tid} // [], sub { $_[0]{name} }, sub { $_[0]{ret} });
	my @k = children($k_calls{$k_tid} // [], sub { $_[0]{name} }, sub { $_[0]{r}{ret} });
	push @bad, "thread $s_tid has " . @s . ' children, or ' . @k if @s != @k;
	for my $i (0 .. $#s) {
		next if $i > $#k;
		pair_threads($s[$i]{ret} + 0, $k[$i]{r}{ret} + 0);
	}
}

sub compare_threads {
	for my $tid (sort { $a <=> $b } keys %pid_of) {
		my @s = grep { !$alone{$_->{name}} } @{$s_calls{$tid} // []};
		my @k = grep { !$alone{$_->{name}} } @{$k_calls{$pid_of{$tid}} // []};
		for my $i (0 .. ($#s > $#k ? $#s : $#k)) {
			my $names = join ', ', map { $_ ? $_->{name} : 'nothing' } $s[$i], $k[$i];
			if (!$s[$i] || !$k[$i] || $s[$i]{name} ne $k[$i]{name}) {
				push @bad, "thread $tid, call $i: $names";
				last;
			}
			compare_call($s[$i], $k[$i], "$s[$i]{name} ($tid, call $i)");
		}
	}
}

use Math::BigInt;
binmode STDOUT, ':utf8';
read_strace();
read_saker();
die "strace shows nothing\n" unless $s_root;
die "saker shows nothing\n" unless $k_root;
pair_threads($s_root, $k_root);
compare_threads();
my $shown = 0;
for (@bad) {
	print "# $_\n" if $shown++ < 25;
}
print '# and ', @bad - 25, " more\n" if @bad > 25;
print "# compared $calls calls of ", scalar(keys %pid_of), " threads, $arguments arguments, $facts descriptors; $skips arguments skipped\n";
exit(@bad || !$calls ? 1 : 0);
