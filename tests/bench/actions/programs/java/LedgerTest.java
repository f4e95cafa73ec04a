import java.math.BigDecimal;
import java.util.List;

class LedgerTest {
    static Ledger ledger() {
        Ledger ledger = new Ledger();
        ledger.open("ada");
        ledger.open("bob");
        ledger.book("ada", Ledger.money("100"), "start");
        return ledger;
    }

    static void testMoneyIsRounded() {
        Check.equal(Ledger.money("2.345"), new BigDecimal("2.34"));
        Check.equal(Ledger.money("2.355"), new BigDecimal("2.36"));
    }

    static void testOpenTwice() {
        Check.fails(IllegalArgumentException.class, () -> ledger().open("ada"));
    }

    static void testUnknown() {
        Check.fails(IllegalArgumentException.class, () -> ledger().balance("eve"));
    }

    static void testTransfer() {
        Ledger ledger = ledger();
        ledger.transfer("ada", "bob", "30.5");
        Check.equal(ledger.balance("ada"), new BigDecimal("69.50"));
        Check.equal(ledger.balance("bob"), new BigDecimal("30.50"));
        Check.equal(ledger.notes("ada"), List.of("start: 100.00", "to bob: -30.50"));
    }

    static void testTooLittle() {
        Ledger ledger = ledger();
        Check.fails(IllegalStateException.class, () -> ledger.transfer("ada", "bob", "100.01"));
        Check.equal(ledger.balance("ada"), new BigDecimal("100.00"));
        Check.equal(ledger.notes("bob"), List.of());
    }

    static void testEverything() {
        Ledger ledger = ledger();
        ledger.transfer("ada", "bob", "100");
        Check.equal(ledger.balance("ada"), new BigDecimal("0.00"));
    }

    static void testInterest() {
        Ledger ledger = ledger();
        Check.equal(ledger.payInterest("1.5"), new BigDecimal("1.50"));
        Check.equal(ledger.balance("ada"), new BigDecimal("101.50"));
        Check.equal(ledger.notes("bob").size(), 0);
    }

    public static void main(String[] arguments) throws Exception {
        Check.run(LedgerTest.class);
    }
}
