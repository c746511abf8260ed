// SPDX-License-Identifier: Apache-2.0
// The kiosks on a real file: what is set is on disk before anybody hears of it, and stays.
#include "tests/unit/unit.h"

#include "common/wire/adopt.h"
#include "server/kiosks/kiosks.h"
#include "tests/unit/server/a_folder.h"

#include <semaphore.h>
#include <sodium.h>
#include <string.h>

#define KEY "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"
#define ID "7a91869e4c114964"

static sem_t woken;
static struct kiosks *kiosks;
static struct store *store;
static int told;          // how often somebody was to be told
static char told_id[20];  // who last
static enum err last_err; // of the last change

static void wake_me(void *user)
{
    sem_post(&woken);
}

static void on_zone(void *user, const char *id)
{
    told++;
    snprintf(told_id, sizeof told_id, "%s", id);
}

static void start(void)
{
    sqlite3 *db = folder_db(folder_path("db"));
    kiosks = kiosks_open(db);
    store = store_start(db, wake_me, NULL);
    kiosks_use_store(kiosks, store, on_zone, NULL);
}

static void stop(void)
{
    store_stop(store);
    kiosks_free(kiosks);
}

static int set_up(void **state)
{
    folder_make();
    sem_init(&woken, 0, 0);
    told = 0;
    start();
    return 0;
}

static int tear_down(void **state)
{
    stop();
    return folder_remove(state);
}

static enum err nothing(sqlite3 *db, struct store_job *job)
{
    return ERR_OK;
}

static bool settled;

static void on_settled(struct store_job *job, enum err e)
{
    settled = true;
}

// Waits for all that was submitted: jobs are done in their order.
static void settle(void)
{
    struct store_job last = {.run = nothing, .done = on_settled};
    settled = false;
    store_submit(store, &last);
    while (!settled) {
        sem_wait(&woken);
        store_drain(store);
    }
}

static void on_done(void *user, enum err e)
{
    last_err = e;
    (*(int *)user)++;
}

static void wait_done(const int *done)
{
    while (!*done) {
        sem_wait(&woken);
        store_drain(store);
    }
}

static enum err change(const char *id, const struct kiosk_patch *p, bool admin)
{
    int done = 0;
    kiosks_change(kiosks, id, p, admin, on_done, &done);
    wait_done(&done);
    return last_err;
}

static enum err forget(const char *id, bool admin)
{
    int done = 0;
    kiosks_forget(kiosks, id, admin, on_done, &done);
    wait_done(&done);
    return last_err;
}

static void meet(const char *id, const char *said, int64_t now_us)
{
    kiosks_met(kiosks, id, KEY, said, "weavers", "", (house_t){now_us});
    settle();
}

static void a_keys_id_is_its_hash(void **state)
{
    char id[WIRE_KIOSK_LEN + 1];
    assert_true(key_id(KEY, id));
    assert_string_equal(id, ID);
    assert_false(key_id("hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmp", id)); // bits left over
    assert_false(key_id("hSDwCYkwp1R0i33ctD73Wg2", id));
    assert_false(key_id("", id));
}

static void who_joins_is_known_and_has_the_preset(void **state)
{
    struct wire_zone z = kiosks_zone(kiosks, ID);
    assert_true(wire_zone_same(&z, &wire_zone_preset));
    assert_null(kiosks_find(kiosks, ID));
    meet(ID, "left", 5);
    meet(ID, "left again", 9);
    const struct kiosk *k = kiosks_find(kiosks, ID);
    assert_non_null(k);
    assert_true(k->first_seen.us == 5 && k->last_seen.us == 9);
    assert_string_equal(k->said, "left again");
    z = kiosks_zone(kiosks, ID);
    assert_true(wire_zone_same(&z, &wire_zone_preset));
}

static void what_is_set_is_told_and_outlives_a_restart(void **state)
{
    meet(ID, "left", 5);
    struct kiosk_patch p = {.has_trim = true, .trim_us = -9911, .has_name = true, .name = "Hall"};
    assert_int_equal(change(ID, &p, false), ERR_OK);
    assert_int_equal(told, 1);
    assert_string_equal(told_id, ID);
    p = (struct kiosk_patch){.has_mute = true, .mute = true, .outputs = 2};
    p.map[1] = (struct wire_output){"en", CHANNEL_MONO};
    assert_int_equal(change(ID, &p, false), ERR_OK);
    stop();
    start();
    const struct wire_zone want = {
        .trim_us = -9911, .mute = true, .map = {{"", CHANNEL_LEFT}, {"en", CHANNEL_MONO}}};
    struct wire_zone z = kiosks_zone(kiosks, ID);
    assert_true(wire_zone_same(&z, &want));
    meet(ID, "left", 7); // joining leaves it as it is
    z = kiosks_zone(kiosks, ID);
    assert_true(wire_zone_same(&z, &want));
    assert_string_equal(kiosks_find(kiosks, ID)->name, "Hall");
}

static void nobody_hears_of_a_change_before_it_is_on_disk(void **state)
{
    meet(ID, "left", 5);
    int done = 0;
    struct kiosk_patch p = {.has_gain = true, .gain_ddb = -60};
    kiosks_change(kiosks, ID, &p, false, on_done, &done);
    assert_int_equal(told, 0);
    assert_int_equal(kiosks_zone(kiosks, ID).gain_ddb, 0);
    wait_done(&done);
    assert_int_equal(told, 1);
    assert_int_equal(kiosks_zone(kiosks, ID).gain_ddb, -60);
}

static void two_changes_at_once_do_not_undo_each_other(void **state)
{
    meet(ID, "left", 5);
    int done = 0, done_too = 0;
    struct kiosk_patch a = {.has_gain = true, .gain_ddb = -60};
    struct kiosk_patch b = {.has_trim = true, .trim_us = 1000};
    kiosks_change(kiosks, ID, &a, false, on_done, &done);
    kiosks_change(kiosks, ID, &b, false, on_done, &done_too);
    wait_done(&done);
    wait_done(&done_too);
    struct wire_zone z = kiosks_zone(kiosks, ID);
    assert_true(z.gain_ddb == -60 && z.trim_us == 1000);
}

static void the_ceiling_is_for_admins_and_holds(void **state)
{
    meet(ID, "left", 5);
    struct kiosk_patch ceiling = {.has_ceiling = true, .ceiling_ddb = -120};
    struct kiosk_patch gain = {.has_gain = true, .gain_ddb = -10};
    struct kiosk_patch both = gain;
    both.has_ceiling = true;
    assert_int_equal(change(ID, &ceiling, false), ERR_FORBIDDEN);
    assert_int_equal(change(ID, &ceiling, true), ERR_OK);
    assert_int_equal(change(ID, &gain, false), ERR_OK);
    assert_int_equal(kiosks_zone(kiosks, ID).gain_ddb, -120);
    assert_int_equal(change(ID, &both, false), ERR_FORBIDDEN);
    assert_int_equal(forget(ID, false), ERR_FORBIDDEN);
    assert_int_equal(kiosks_zone(kiosks, ID).gain_ddb, -120);
    assert_int_equal(change(ID, &both, true), ERR_OK);
    assert_int_equal(kiosks_zone(kiosks, ID).gain_ddb, -10);
}

static void the_forgotten_have_the_preset(void **state)
{
    meet(ID, "left", 5);
    struct kiosk_patch p = {.has_mute = true, .mute = true};
    assert_int_equal(change(ID, &p, false), ERR_OK);
    told = 0;
    assert_int_equal(forget(ID, true), ERR_OK);
    assert_int_equal(told, 1);
    assert_false(kiosks_zone(kiosks, ID).mute);
    assert_int_equal(change(ID, &p, true), ERR_NOT_FOUND);
    assert_int_equal(forget(ID, true), ERR_NOT_FOUND);
    assert_int_equal(change("7a91869e4c114964ff", &p, true), ERR_NOT_FOUND);
}

static void name_of(int i, char id[20])
{
    snprintf(id, 20, "%016x", i);
}

static void a_crowd_of_strangers_moves_nobody_who_is_set(void **state)
{
    char id[20];
    struct kiosk_patch p = {.has_trim = true, .trim_us = 5};
    int count;
    meet(ID, "left", 1);
    assert_int_equal(change(ID, &p, false), ERR_OK);
    for (int i = 0; i < KIOSKS_MAX + 10; i++) {
        name_of(i, id);
        meet(id, "stranger", 10 + i);
    }
    kiosks_all(kiosks, &count);
    assert_int_equal(count, KIOSKS_MAX);
    assert_int_equal(kiosks_zone(kiosks, ID).trim_us, 5);
    name_of(10, id);
    assert_null(kiosks_find(kiosks, id)); // longest ago
    name_of(KIOSKS_MAX + 9, id);
    assert_non_null(kiosks_find(kiosks, id));
    stop();
    start();
    kiosks_all(kiosks, &count);
    assert_int_equal(count, KIOSKS_MAX);
}

static void a_house_full_of_set_kiosks_takes_no_other(void **state)
{
    char id[20];
    struct kiosk_patch p = {.has_trim = true, .trim_us = 5};
    for (int i = 0; i < KIOSKS_MAX; i++) {
        name_of(i, id);
        meet(id, "ours", 10 + i);
        assert_int_equal(change(id, &p, false), ERR_OK);
    }
    meet(ID, "stranger", 1000);
    assert_null(kiosks_find(kiosks, ID));
    name_of(0, id);
    assert_non_null(kiosks_find(kiosks, id));
}

static void memory_is_read_again_when_it_may_be_behind(void **state)
{
    meet(ID, "left", 5);
    kiosks_reread(kiosks);
    settle();
    assert_int_equal(told, 1);
    assert_non_null(kiosks_find(kiosks, ID));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    if (sodium_init() < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        TEST(a_keys_id_is_its_hash),
        TEST(who_joins_is_known_and_has_the_preset),
        TEST(what_is_set_is_told_and_outlives_a_restart),
        TEST(nobody_hears_of_a_change_before_it_is_on_disk),
        TEST(two_changes_at_once_do_not_undo_each_other),
        TEST(the_ceiling_is_for_admins_and_holds),
        TEST(the_forgotten_have_the_preset),
        TEST(a_crowd_of_strangers_moves_nobody_who_is_set),
        TEST(a_house_full_of_set_kiosks_takes_no_other),
        TEST(memory_is_read_again_when_it_may_be_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
