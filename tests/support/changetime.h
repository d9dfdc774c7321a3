/* SPDX-License-Identifier: MIT */
#ifndef TESTS_SUPPORT_CHANGETIME_H
#define TESTS_SUPPORT_CHANGETIME_H

/** move_change_time() - make a file's change time another one, whose clock may only tick every few milliseconds */
void move_change_time(int fd);

#endif
