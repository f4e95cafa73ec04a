import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Accounts with a history; amounts have two decimals. */
class Ledger {
    record Entry(String account, BigDecimal amount, String note) {}

    private final Map<String, BigDecimal> balances = new TreeMap<>();
    private final List<Entry> entries = new ArrayList<>();

    static BigDecimal money(String text) {
        return new BigDecimal(text).setScale(2, RoundingMode.HALF_EVEN);
    }

    void open(String account) {
        if (balances.containsKey(account)) {
            throw new IllegalArgumentException(account + " is open already");
        }
        balances.put(account, money("0"));
    }

    BigDecimal balance(String account) {
        BigDecimal balance = balances.get(account);
        if (balance == null) {
            throw new IllegalArgumentException("there is no account " + account);
        }
        return balance;
    }

    void book(String account, BigDecimal amount, String note) {
        BigDecimal after = balance(account).add(amount);
        if (after.signum() < 0) {
            throw new IllegalStateException(account + " has only " + balance(account));
        }
        balances.put(account, after);
        entries.add(new Entry(account, amount, note));
    }

    void transfer(String from, String to, String amount) {
        BigDecimal money = money(amount);
        balance(to);
        book(from, money.negate(), "to " + to);
        book(to, money, "from " + from);
    }

    /** Interest in percent for all accounts; returns what was paid. */
    BigDecimal payInterest(String percent) {
        BigDecimal rate = new BigDecimal(percent).movePointLeft(2);
        BigDecimal paid = money("0");
        for (String account : balances.keySet()) {
            BigDecimal interest = balance(account).multiply(rate).setScale(2, RoundingMode.HALF_EVEN);
            if (interest.signum() > 0) {
                book(account, interest, "interest");
                paid = paid.add(interest);
            }
        }
        return paid;
    }

    List<String> notes(String account) {
        List<String> notes = new ArrayList<>();
        for (Entry entry : entries) {
            if (entry.account().equals(account)) {
                notes.add(entry.note() + ": " + entry.amount());
            }
        }
        return notes;
    }
}
