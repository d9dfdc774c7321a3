# SPDX-License-Identifier: MIT
# For tests of faultline-mpi: how it is started, whichever MPI it was built with.

has_mpi() {
	[[ -n ${FAULTLINE_MPI-} && -x $FAULTLINE_MPI ]] && command -v "${MPIRUN:-mpirun}" >/dev/null
}

# Where it was not built, or nothing starts it, the tests say so and are skipped.
need_mpi() {
	[[ -n ${FAULTLINE_MPI-} && -x $FAULTLINE_MPI ]] ||
		skip "faultline-mpi was not built: no MPI was found, or it goes not with ${FL_SANITIZERS:-this build}"
	command -v "${MPIRUN:-mpirun}" >/dev/null || skip "no ${MPIRUN:-mpirun}"
}

# More ranks than processors, as root, in a container; what does not know these ignores them.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe
export OMPI_MCA_hwloc_base_binding_policy=none PRTE_MCA_hwloc_default_binding_policy=none
# A rank that ends with an error has the others ended, who need no time for their goodbyes.
export OMPI_MCA_odls_base_sigkill_timeout=0
export OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_btl_base_warn_component_unused=0

# keep_shared_memory_in DIRECTORY: what a killed job leaves there goes with the test's directory
keep_shared_memory_in() {
	export OMPI_MCA_btl_vader_backing_directory=$1 OMPI_MCA_osc_sm_backing_directory=$1
}

# ranks N OPTION...: faultline-mpi on N ranks
ranks() {
	local n=$1
	shift
	keep_shared_memory_in "$work"
	TMPDIR=$work timeout -k 5 120 "${MPIRUN:-mpirun}" -n "$n" "$FAULTLINE_MPI" "$@"
}

# as_alone N OPTION...: N ranks print what one process prints, and end as it does.
as_alone() {
	local n=$1 ours=0 theirs=0
	shift
	"$FAULTLINE" "$@" >"$work/.alone" 2>"$work/.alone.err" </dev/null || theirs=$?
	ranks "$n" "$@" >"$work/.ranks" 2>"$work/.ranks.err" </dev/null || ours=$?
	# The launcher may have its say about a status that is not 0, too.
	if ((ours != theirs)) || ! cmp "$work/.alone" "$work/.ranks" ||
		! diff <(grep '^faultline' "$work/.alone.err") \
			<(grep '^faultline' "$work/.ranks.err" | sed 's/^faultline-mpi/faultline/'); then
		echo "$n ranks: status $ours, not $theirs: $*"
		head -n 20 "$work/.ranks.err"
		return 1
	fi
}
