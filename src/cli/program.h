/* SPDX-License-Identifier: MIT */
#ifndef FAULTLINE_CLI_PROGRAM_H
#define FAULTLINE_CLI_PROGRAM_H

/**
 * program_main() - main() of faultline and, with a crew (crew.h), of faultline-mpi
 * @name: what messages call it
 * Return: exit status.
 */
int program_main(const char *name, int argc, char **argv);

#endif
