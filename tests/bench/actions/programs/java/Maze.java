import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Finds the shortest way through a maze of '#' walls from S to E. */
class Maze {
    record Cell(int row, int column) {}

    private static final int[][] STEPS = {{-1, 0}, {0, 1}, {1, 0}, {0, -1}};

    private final String[] rows;

    Maze(String... rows) {
        this.rows = rows;
    }

    char at(Cell cell) {
        if (cell.row() < 0 || cell.row() >= rows.length) {
            return '#';
        }
        String row = rows[cell.row()];
        if (cell.column() < 0 || cell.column() >= row.length()) {
            return '#';
        }
        return row.charAt(cell.column());
    }

    Cell find(char wanted) {
        for (int row = 0; row < rows.length; row++) {
            int column = rows[row].indexOf(wanted);
            if (column >= 0) {
                return new Cell(row, column);
            }
        }
        return null;
    }

    /** The cells of the way, start and end included; empty where there is none. */
    List<Cell> solve() {
        Cell start = find('S');
        Cell end = find('E');
        if (start == null || end == null) {
            throw new IllegalStateException("a maze needs S and E");
        }
        Map<Cell, Cell> previous = new HashMap<>();
        previous.put(start, start);
        Deque<Cell> queue = new ArrayDeque<>();
        queue.add(start);
        while (!queue.isEmpty()) {
            Cell cell = queue.remove();
            if (cell.equals(end)) {
                return walk(previous, end);
            }
            for (int[] step : STEPS) {
                Cell next = new Cell(cell.row() + step[0], cell.column() + step[1]);
                if (at(next) != '#' && !previous.containsKey(next)) {
                    previous.put(next, cell);
                    queue.add(next);
                }
            }
        }
        return List.of();
    }

    private static List<Cell> walk(Map<Cell, Cell> previous, Cell end) {
        List<Cell> way = new ArrayList<>();
        Cell cell = end;
        while (!previous.get(cell).equals(cell)) {
            way.add(cell);
            cell = previous.get(cell);
        }
        way.add(cell);
        Collections.reverse(way);
        return way;
    }

    /** The way as letters: up, right, down, left. */
    String directions() {
        StringBuilder letters = new StringBuilder();
        List<Cell> way = solve();
        for (int i = 1; i < way.size(); i++) {
            int down = way.get(i).row() - way.get(i - 1).row();
            int right = way.get(i).column() - way.get(i - 1).column();
            letters.append(down < 0 ? 'u' : down > 0 ? 'd' : right > 0 ? 'r' : 'l');
        }
        return letters.toString();
    }
}
