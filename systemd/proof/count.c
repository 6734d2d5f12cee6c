/*
 * A plugin for QEMU's user mode that counts the guest's instructions and system calls, exactly.
 *
 * Prints "instructions N system calls M" on standard error when the program ends. The few declarations are QEMU's
 * plugin interface as its qemu-plugin.h documents it; Debian ships the interface but not the header.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifndef INTERFACE
#define INTERFACE 1 /* QEMU 6 to 8; 2 from 9 on */
#endif

typedef uint64_t plugin_id;
struct tb;
typedef void (*tb_translated)(plugin_id id, struct tb *tb);
typedef void (*executed)(unsigned int cpu, void *data);
typedef void (*called)(plugin_id id, unsigned int cpu, int64_t number, uint64_t, uint64_t, uint64_t, uint64_t,
                       uint64_t, uint64_t, uint64_t, uint64_t);
typedef void (*ended)(plugin_id id, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_translated callback);
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *tb, executed callback, int flags, void *data);
extern void qemu_plugin_register_vcpu_syscall_cb(plugin_id id, called callback);
extern void qemu_plugin_register_atexit_cb(plugin_id id, ended callback, void *data);
extern size_t qemu_plugin_tb_n_insns(const struct tb *tb);

__attribute__((visibility("default"))) int qemu_plugin_version = INTERFACE;

static atomic_uint_fast64_t instructions, system_calls;

/* A block that a jump out of its middle (an exception) leaves early counts whole: rare, and the same every time. */
static void count(unsigned int cpu, void *length)
{
    (void)cpu;
    atomic_fetch_add_explicit(&instructions, (uintptr_t)length, memory_order_relaxed);
}

static void translated(plugin_id id, struct tb *tb)
{
    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(tb, count, 0, (void *)(uintptr_t)qemu_plugin_tb_n_insns(tb));
}

static void system_call(plugin_id id, unsigned int cpu, int64_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                        uint64_t e, uint64_t f, uint64_t g, uint64_t h)
{
    (void)id, (void)cpu, (void)number, (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, (void)g, (void)h;
    atomic_fetch_add_explicit(&system_calls, 1, memory_order_relaxed);
}

static void print(plugin_id id, void *data)
{
    (void)id, (void)data;
    fprintf(stderr, "instructions %" PRIu64 " system calls %" PRIu64 "\n", (uint64_t)instructions,
            (uint64_t)system_calls);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_vcpu_syscall_cb(id, system_call);
    qemu_plugin_register_atexit_cb(id, print, NULL);
    return 0;
}
