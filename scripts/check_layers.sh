#!/bin/bash
# SPDX-License-Identifier: MIT
# The floors of src/ (ARCHITECTURE.md), read from the #include lines: an arrow may be followed,
# never reversed. Also: who may talk to the kernel, where other libraries' headers may stand,
# and that file names are unique. Prints FILE:LINE: TEXT for each offence; exit 1 if any.
#
#   scripts/check_layers.sh [ROOT]
set -u

root=${1-}
if [[ -z $root ]]; then
	root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 2
fi
cd "$root" || exit 2
if [[ ! -d src ]]; then
	echo "check_layers.sh: $root has no src" >&2
	exit 2
fi

# Folder -> folders of src/ whose headers it may include, besides its own.
declare -A may=(
	[base]=""
	[kern]="base"
	[plat]="base"
	[window]="plat base kern"
	[engine]="window plat base kern"
	[store]="plat base kern"
	[ops]="engine window store kern base ops"
	[bench]="ops engine window plat base kern"
	[shm]="plat base"
	[cluster]="ops engine shm window plat base"
	[cluster/mpi]="cli engine window plat base kern"
	[cli]=""
)

# Headers and functions that reach the kernel: src/plat only.
kernel_headers='^(sys/(mman|syscall|shm|ipc|socket|ioctl|uio|stat|statfs|statvfs|sysmacros|resource|prctl|sendfile|epoll|eventfd|timerfd|signalfd|vfs|file|xattr|inotify)\.h|fts\.h|linux/.*|asm/.*|fcntl\.h|poll\.h|mqueue\.h|sched\.h|liburing\.h|dirent\.h)$'
# The program may walk directories, look at what it meets there, and wait for changes.
cli_headers='^(fts\.h|sys/inotify\.h|sys/stat\.h)$'
kernel_functions='mmap|munmap|mremap|mprotect|msync|mincore|madvise|mlock|syscall|ioctl|fcntl|open|openat|openat2|pread|pwrite|preadv|preadv2|pwritev|pwritev2|readv|writev|readahead|sync_file_range|posix_fadvise|posix_fallocate|fallocate|ftruncate|fdatasync|fsync|fstat|fstatat|statx|sendfile|splice|copy_file_range|memfd_create|getrusage|sched_getaffinity|sched_setaffinity|perf_event_open|poll|ppoll|prctl|io_uring_[a-z_]+|shm_open|shm_unlink|shmget|shmat|shmdt|shmctl|sendmsg|recvmsg|vmsplice|mq_[a-z]+'
kernel_call="(^|[^A-Za-z0-9_.>])($kernel_functions)[[:space:]]*\\("

# Libraries' headers -> folders that may include them. Random bytes are asked for below, as the time is
# (ARCHITECTURE.md).
declare -A libraries=(
	['pcre2.h']="ops" ['xxhash.h']="ops" ['xxh3.h']="ops" ['zstd.h']="ops"
	['openssl/']="ops" ['blake3.h']="ops" ['hs.h']="ops" ['hs/hs.h']="ops" ['archive.h']="ops"
	['mpi.h']="cluster/mpi" ['liburing.h']="plat" ['jansson.h']="cli" ['argp.h']="cli"
	['sys/random.h']="base plat"
	['pthread.h']="plat window engine store shm cluster/mpi"
)

offences=0
offence() {
	echo "$1:$2: $3"
	offences=$((offences + 1))
}

has_word() {
	[[ " $1 " == *" $2 "* ]]
}

# Sets $folder, of a file or an included header under src/: "plat", and for operators "ops/scan".
# (Not by printing it: thousands of subshells take longer than all the rest.)
folder_of() {
	local path=$1
	case $path in
	ops/*/*) path=${path#ops/} && folder=ops/${path%%/*} ;;
	cluster/mpi/*) folder=cluster/mpi ;;
	*/*) folder=${path%%/*} ;;
	*) folder="" ;;
	esac
}

# Sets $floor, the row of the table for such a folder: operators share one; faultline-mpi, which is made
# of everything, is another one than the worker processes in whose folder it stands.
floor_of() {
	case $1 in
	cluster/mpi) floor=$1 ;;
	*) floor=${1%%/*} ;;
	esac
}

check_own_header() {
	local file=$1 line=$2 header=$3
	local folder floor from to own
	folder_of "${file#src/}" && from=$folder
	folder_of "$header" && to=$folder
	floor_of "$from" && own=$floor
	floor_of "$to"

	if [[ $header == config.h ]]; then
		return
	elif [[ -z $to || $header == ../* ]]; then
		offence "$file" "$line" "\"$header\": name the folder, as in \"plat/mapping.h\""
	elif [[ $header == faultline/* ]]; then
		offence "$file" "$line" "\"$header\": public headers are written <$header>"
	elif [[ ! -v may[$own] ]]; then
		offence "$file" "$line" "folder $own has no row in the table of floors"
	elif [[ $from == plat && $to == plat && $file == *.h ]]; then
		offence "$file" "$line" "plat headers do not include one another ($header)"
	elif [[ $from == ops/* && $to == ops/* && $from != "$to" ]] &&
		[[ $from != ops/recover && $to != ops/regex ]]; then
		offence "$file" "$line" "$from may not see its sibling $to"
	elif [[ $to != "$from" ]] && ! has_word "${may[$own]}" "$floor"; then
		offence "$file" "$line" "$own may not include $header"
	fi
}

check_system_header() {
	local file=$1 line=$2 header=$3
	local folder floor name
	folder_of "${file#src/}"
	floor_of "$folder"

	if [[ $header =~ $kernel_headers && $floor != plat ]] &&
		! [[ $floor == cli && $header =~ $cli_headers ]]; then
		offence "$file" "$line" "<$header> talks to the kernel: src/plat only"
	fi
	for name in "${!libraries[@]}"; do
		if [[ $header == "$name" || ($name == */ && $header == "$name"*) ]] &&
			! has_word "${libraries[$name]}" "$floor"; then
			offence "$file" "$line" "<$header> belongs to: ${libraries[$name]}"
		fi
	done
}

check_public_header() {
	local file=$1 line=$2 header=$3
	if [[ $header != faultline/* && ! $header =~ ^(stdint|stddef|stdbool)\.h$ ]]; then
		offence "$file" "$line" "<$header>: public headers need nothing beyond C"
	fi
}

# FILE:LINE:HEADER of every include line below the given folders; own headers keep the quote.
includes() {
	grep -rnE --include='*.[ch]' '^[[:space:]]*#[[:space:]]*include' "$@" |
		sed -E 's/^([^:]+:[0-9]+:)[^"<]*(["<][^">]*)[">].*$/\1\2/'
}

# FILE:LINE:CODE with comments and string literals blanked.
code() {
	# shellcheck disable=SC2016 # the dollars are awk's
	find "$@" -name '*.[ch]' -print0 | xargs -0 -r awk '
		FNR == 1 { comment = 0 }
		{
			text = $0
			out = ""
			while (text != "") {
				if (comment) {
					at = index(text, "*/")
					if (!at) { text = ""; break }
					text = substr(text, at + 2)
					comment = 0
				} else if (match(text, /\/\*|\/\/|"([^"\\]|\\.)*"/)) {
					out = out substr(text, 1, RSTART - 1) " "
					token = substr(text, RSTART, RLENGTH)
					text = substr(text, RSTART + RLENGTH)
					if (token == "/*") comment = 1
					if (token == "//") text = ""
				} else {
					out = out text
					text = ""
				}
			}
			if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
		}'
}

while IFS=: read -r file line header; do
	case $header in
	\"*) check_own_header "$file" "$line" "${header#\"}" ;;
	\<*) check_system_header "$file" "$line" "${header#<}" ;;
	*) offence "$file" "$line" "an include that is neither \"...\" nor <...>" ;;
	esac
done < <(includes src)

if [[ -d include ]]; then
	while IFS=: read -r file line header; do
		check_public_header "$file" "$line" "${header#[<\"]}"
	done < <(includes include)
fi

while IFS=: read -r file line text; do
	[[ $file == src/plat/* ]] && continue
	if [[ $text =~ $kernel_call ]]; then
		offence "$file" "$line" "${BASH_REMATCH[2]}() talks to the kernel: src/plat only"
	fi
done < <(code src | grep -E "$kernel_call")

while read -r name; do
	offence "$(find src tests scripts -name "$name" -print 2>/dev/null | paste -s -d ' ')" 1 \
		"the file name $name stands twice in the tree"
done < <(find src tests scripts -name '*.[ch]' -printf '%f\n' 2>/dev/null | sort | uniq -d)

while read -r folder; do
	offence "$folder" 1 "a folder called sys hides <sys/...>"
done < <(find src include tests scripts -type d -name sys 2>/dev/null)

if ((offences > 0)); then
	echo "check_layers.sh: $offences offences" >&2
	exit 1
fi
