import java.util.List;

class MazeTest {
    static void testStraight() {
        Check.equal(new Maze("S.E").directions(), "rr");
    }

    static void testRound() {
        Check.equal(new Maze("S#E", ".#.", "...").directions(), "ddrruu");
    }

    static void testShortest() {
        Check.equal(new Maze("....", ".##.", "S..E").directions(), "rrr");
    }

    static void testLeft() {
        Check.equal(new Maze("E..", "##S").directions(), "ull");
    }

    static void testNoWay() {
        Check.equal(new Maze("S#E").solve(), List.of());
        Check.equal(new Maze("S#E").directions(), "");
    }

    static void testNoEnd() {
        Check.fails(IllegalStateException.class, () -> new Maze("S..").solve());
    }

    static void testAt() {
        Maze maze = new Maze("ab", "c");
        Check.equal(maze.at(new Maze.Cell(1, 0)), 'c');
        Check.equal(maze.at(new Maze.Cell(1, 1)), '#');
        Check.equal(maze.at(new Maze.Cell(2, 0)), '#');
        Check.equal(maze.at(new Maze.Cell(0, -1)), '#');
    }

    static void testFind() {
        Check.equal(new Maze("..", ".x").find('x'), new Maze.Cell(1, 1));
        Check.equal(new Maze("x.").find('x'), new Maze.Cell(0, 0));
        Check.equal(new Maze("..").find('x'), null);
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(MazeTest.class);
    }
}
