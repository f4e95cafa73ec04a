#include "game_of_life.cpp"

#include "check.hpp"

TEST(parse) {
    Life life = Life::parse("#.\n.#\n");
    EQUAL(life.population(), 2u);
    EQUAL(life.is_alive(1, 1), true);
    EQUAL(life.is_alive(1, 0), false);
    THROWS(std::invalid_argument, Life::parse("#x"));
}
TEST(neighbours) {
    Life life = Life::parse("###\n###\n###\n");
    EQUAL(life.neighbours(1, 1), 8);
    EQUAL(life.neighbours(0, 0), 3);
    EQUAL(life.neighbours(-1, 1), 3);
}
TEST(block_stays) { EQUAL(Life::parse("##\n##\n").next().show(2, 2), "##\n##\n"); }
TEST(blinker) {
    Life blinker = Life::parse("...\n###\n...\n");
    EQUAL(blinker.next().show(3, 3), ".#.\n.#.\n.#.\n");
    EQUAL(blinker.after(2).show(3, 3), "...\n###\n...\n");
}
TEST(glider) { EQUAL(Life::parse(".#.\n..#\n###\n").after(4).show(4, 4), "....\n..#.\n...#\n.###\n"); }
TEST(lonely) { EQUAL(Life::parse("#").next().population(), 0u); }
