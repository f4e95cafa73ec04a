import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;

/** Runs the `test...` methods of a class: prints `test NAME ... ok` or `... FAILED`, and why on standard error. */
final class Check {
    private Check() {}

    interface Body {
        void run() throws Exception;
    }

    static void equal(Object actual, Object expected) {
        if (!Objects.equals(actual, expected)) {
            throw new AssertionError("expected <" + expected + "> but was <" + actual + ">");
        }
    }

    static void fails(Class<? extends Exception> kind, Body body) {
        try {
            body.run();
        } catch (Exception error) {
            if (kind.isInstance(error)) return;
            throw new AssertionError("expected " + kind.getName() + " but was " + error, error);
        }
        throw new AssertionError("expected " + kind.getName() + " but nothing was thrown");
    }

    static void run(Class<?> tests) throws Exception {
        boolean failed = false;
        Method[] methods = tests.getDeclaredMethods();
        Arrays.sort(methods, Comparator.comparing(Method::getName));
        for (Method method : methods) {
            if (!method.getName().startsWith("test")) continue;
            System.out.print("test " + method.getName() + " ... ");
            try {
                method.invoke(null);
                System.out.println("ok");
            } catch (InvocationTargetException error) {
                System.out.println("FAILED");
                System.err.println("test " + method.getName());
                error.getCause().printStackTrace();
                failed = true;
            }
        }
        System.exit(failed ? 1 : 0);
    }
}
