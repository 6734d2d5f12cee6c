/*
 * A plugin for QEMU's emulated Pi: lets what hangs on its pins follow what the guest does to them.
 *
 * The board's GPIO has no outside: an input stays as it was last set, so nothing answers to a keypad's rows. While a
 * hand is at the keypad (first byte of the shared file is not 0), each of the guest's writes to a device holds that
 * processor up until the hand, at the other end of a unix socket, has read the pins and set those that follow.
 *
 *   -plugin follow.so,hand=SOCKET,armed=FILE
 *
 * The few declarations are QEMU's plugin interface as its qemu-plugin.h documents it.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef INTERFACE
#define INTERFACE 1 /* QEMU 6 to 8; 2 from 9 on, 3 from 9.1 on */
#endif

typedef uint64_t plugin_id;
struct tb;
struct insn;
typedef void (*tb_translated)(plugin_id id, struct tb *tb);
typedef void (*touched)(unsigned int cpu, uint32_t info, uint64_t address, void *data);

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, tb_translated callback);
extern void qemu_plugin_register_vcpu_mem_cb(struct insn *insn, touched callback, int flags, int reads_or_writes,
                                             void *data);
extern size_t qemu_plugin_tb_n_insns(const struct tb *tb);
extern struct insn *qemu_plugin_tb_get_insn(const struct tb *tb, size_t index);
#if INTERFACE < 3
extern const void *qemu_plugin_insn_data(const struct insn *insn);
#else
extern size_t qemu_plugin_insn_data(const struct insn *insn, void *to, size_t length);
#endif

__attribute__((visibility("default"))) int qemu_plugin_version = INTERFACE;

enum { WRITES = 2 };

static volatile unsigned char *armed;
static int hand = -1;

static uint32_t word_of(const struct insn *insn)
{
    uint32_t word;
#if INTERFACE < 3
    memcpy(&word, qemu_plugin_insn_data(insn), sizeof word);
#else
    qemu_plugin_insn_data(insn, &word, sizeof word);
#endif
    return word;
}

static void written(unsigned int cpu, uint32_t info, uint64_t address, void *data)
{
    char answer = 0;
    (void)cpu, (void)info, (void)address, (void)data;
    if (*armed && write(hand, "w", 1) == 1)
        (void)!read(hand, &answer, 1);
}

/* Linux writes to a device by writel(): a barrier (dmb oshst), soon after it str wN, [xM]. Nothing else is slowed. */
static void translated(plugin_id id, struct tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb), soon = 0;
    (void)id;
    for (size_t index = 0; index < count; index++) {
        struct insn *insn = qemu_plugin_tb_get_insn(tb, index);
        uint32_t word = word_of(insn);
        if (word == 0xd50332bf) {
            soon = 4;
        } else if (soon > 0) {
            soon--;
            if ((word & 0xfffffc00) == 0xb9000000)
                qemu_plugin_register_vcpu_mem_cb(insn, written, 0, WRITES, NULL);
        }
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)info;
    for (int index = 0; index < argc; index++) {
        if (strncmp(argv[index], "hand=", 5) == 0) {
            snprintf(at.sun_path, sizeof at.sun_path, "%s", argv[index] + 5);
        } else if (strncmp(argv[index], "armed=", 6) == 0) {
            int file = open(argv[index] + 6, O_RDONLY);
            void *map = mmap(NULL, 1, PROT_READ, MAP_SHARED, file, 0);
            if (file >= 0)
                close(file);
            armed = map == MAP_FAILED ? NULL : map;
        }
    }
    hand = socket(AF_UNIX, SOCK_STREAM, 0);
    if (armed == NULL || connect(hand, (struct sockaddr *)&at, sizeof at) != 0) {
        perror("follow: hand or armed");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
