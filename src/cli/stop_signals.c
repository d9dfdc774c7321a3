/* SPDX-License-Identifier: MIT */
#include "cli/stop_signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

static struct fl_pipeline *_Atomic current;
static atomic_int caught;
static atomic_int usr1;

static void on_alarm(int sig)
{
	(void)sig;
	alarm(1);
}

/*
 * The signal may have come just before open(2) of a FIFO, and so not have ended its wait: until the
 * program ends, another one follows each second. Only from now on: who started us may have set an
 * alarm that is to kill.
 */
static void interrupt_again(void)
{
	struct sigaction action = {.sa_handler = on_alarm};

	sigemptyset(&action.sa_mask);
	sigaction(SIGALRM, &action, NULL);
	alarm(1);
}

static void on_stop(int sig)
{
	struct fl_pipeline *pl = atomic_load(&current);

	atomic_store(&caught, sig);
	if (pl != NULL)
		fl_pipeline_cancel(pl);
	interrupt_again();
}

static void on_usr1(int sig)
{
	(void)sig;
	atomic_store(&usr1, 1);
}

static void catch_stop(int sig)
{
	struct sigaction action = {.sa_handler = on_stop};
	struct sigaction old;

	/* Shells start background jobs with SIGINT ignored: that stays. */
	if (sigaction(sig, NULL, &old) < 0 || old.sa_handler == SIG_IGN)
		return;
	/* No SA_RESTART: open(2) of a FIFO must end. SA_RESETHAND: the second one kills. */
	action.sa_flags = (int)SA_RESETHAND;
	sigemptyset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

void stop_signals_install(struct fl_pipeline *pl)
{
	struct sigaction action = {.sa_handler = on_usr1, .sa_flags = SA_RESTART};

	atomic_store(&current, pl);
	catch_stop(SIGINT);
	catch_stop(SIGTERM);
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
}

void stop_signals_watch(struct fl_pipeline *pl)
{
	atomic_store(&current, pl);
	if (stop_signals_caught())
		fl_pipeline_cancel(pl);
}

void stop_signals_forget(void)
{
	atomic_store(&current, NULL);
}

int stop_signals_caught(void)
{
	return atomic_load(&caught);
}

void stop_signals_finish(void)
{
	int sig = stop_signals_caught();

	if (sig == 0)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
}

int stop_signals_take_usr1(void)
{
	return atomic_exchange(&usr1, 0);
}
