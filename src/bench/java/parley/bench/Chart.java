package parley.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Charts as SVG. */
final class Chart {
    private static final int WIDTH = 860;
    private static final String INK = "#24292f";
    private static final String PALE = "#6e7781";
    private static final String GRID = "#e4e7eb";
    private static final String FONT = "font-family=\"system-ui, 'DejaVu Sans', Arial, sans-serif\"";
    private static final String[] OTHERS = {
        "#b35900", "#2a7f3f", "#8250df", "#b4236e", "#0f7c8a", "#8a6d00", "#a33b2e", "#57606a"
    };

    private static final Map<String, String> OWN =
            Map.of(Peer.PARLEY, "#0b57d0", Peer.PARLEY_PLAIN, "#7aa7ee", Peer.BOUND, "#24292f", Peer.NAIVE, "#d1242f");

    private static final List<String> PEERS = List.of("uws", "coder", "gorilla", "gorilla-pumps", "nats", "ws");

    private final StringBuilder svg = new StringBuilder();
    private final int height;

    /** One value with its spread. */
    record Point(double x, Results.Spread y) {}

    /** A bar's or line's name and values. */
    record Series(String name, List<Point> points) {}

    private Chart(int height, String title, String subtitle) {
        this.height = height;
        add(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" %s>",
                WIDTH, height, WIDTH, height, FONT);
        add("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>", WIDTH, height);
        text(24, 32, "start", 18, INK, "600", title);
        text(24, 53, "start", 13, PALE, "400", subtitle);
    }

    /** A bar for each server, the shortest first, with a line for the spread. */
    static String bars(String title, String subtitle, String unit, List<Series> bars) {
        int row = 30;
        int top = 72;
        Chart chart = new Chart(top + bars.size() * row + 52, title, subtitle);
        double left = 150;
        double largest = bars.stream()
                .mapToDouble(bar -> bar.points().get(0).y().max())
                .max()
                .orElse(1);
        Scale scale = Scale.linear(largest, left, WIDTH - 90);
        int bottom = top + bars.size() * row;
        for (double tick : scale.ticks()) {
            chart.line(scale.at(tick), top - 6, scale.at(tick), bottom, GRID, 1);
            chart.text(scale.at(tick), bottom + 18, "middle", 12, PALE, "400", tick(tick));
        }
        chart.text((left + WIDTH - 90) / 2, bottom + 38, "middle", 13, PALE, "400", unit);
        for (int i = 0; i < bars.size(); i++) {
            Series bar = bars.get(i);
            Results.Spread spread = bar.points().get(0).y();
            double y = top + i * row;
            double end = scale.at(spread.median());
            chart.text(left - 10, y + 17, "end", 13, INK, weight(bar.name()), bar.name());
            chart.add(
                    "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>",
                    left, y + 2, Math.max(1, end - left), row - 10, colour(bar.name()));
            double beside = end;
            if (spread.max() > spread.min()) {
                double middle = y + 2 + (row - 10) / 2.0;
                chart.line(scale.at(spread.min()), middle, scale.at(spread.max()), middle, INK, 1.5);
                chart.line(scale.at(spread.min()), middle - 4, scale.at(spread.min()), middle + 4, INK, 1.5);
                chart.line(scale.at(spread.max()), middle - 4, scale.at(spread.max()), middle + 4, INK, 1.5);
                beside = scale.at(spread.max());
            }
            chart.text(beside + 8, y + 17, "start", 13, INK, weight(bar.name()), Metric.format(spread.median()));
        }
        chart.line(left, top - 6, left, bottom, PALE, 1);
        return chart.end();
    }

    /**
     * A line for each server; both axes are logarithmic unless there is a zero. With a model, Parley's fitted growth is
     * dotted in.
     */
    static String lines(
            String title,
            String subtitle,
            String xTitle,
            String yTitle,
            List<Series> lines,
            Growth.@Nullable Model model) {
        int top = 100;
        Chart chart = new Chart(478, title, subtitle);
        int bottom = chart.height - 60;
        double left = 80;
        double right = WIDTH - 170;
        List<Point> points =
                lines.stream().flatMap(line -> line.points().stream()).toList();
        double[] xs = points.stream().mapToDouble(Point::x).distinct().sorted().toArray();
        double least = points.stream().mapToDouble(p -> p.y().min()).min().orElse(0);
        double most = points.stream().mapToDouble(p -> p.y().max()).max().orElse(1);
        Scale x = xs[0] > 0
                ? Scale.log(xs[0], xs[xs.length - 1], left, right)
                : Scale.linear(xs[xs.length - 1], left, right);
        Scale y = least > 0 ? Scale.log(least, most, bottom, top) : Scale.linear(most, bottom, top);
        for (double tick : y.ticks()) {
            chart.line(left, y.at(tick), right, y.at(tick), GRID, 1);
            chart.text(left - 8, y.at(tick) + 4, "end", 12, PALE, "400", tick(tick));
        }
        // The places that were measured, rather than round ones, unless they are too close to be read.
        double last = Double.NEGATIVE_INFINITY;
        for (double place : xs) {
            chart.line(x.at(place), top, x.at(place), bottom, GRID, 1);
            if (x.at(place) - last > 44) {
                chart.text(x.at(place), bottom + 19, "middle", 12, PALE, "400", tick(place));
                last = x.at(place);
            }
        }
        chart.line(left, bottom, right, bottom, PALE, 1);
        chart.line(left, top, left, bottom, PALE, 1);
        chart.text((left + right) / 2, bottom + 42, "middle", 13, PALE, "400", xTitle);
        chart.text(left, top - 12, "start", 13, PALE, "400", yTitle);
        double named = top - 6;
        List<Series> byEnd = new ArrayList<>(lines);
        byEnd.sort((a, b) -> Double.compare(end(b).y().median(), end(a).y().median()));
        for (Series line : byEnd) {
            String colour = colour(line.name());
            double width = line.name().equals(Peer.PARLEY) ? 3 : 1.8;
            StringBuilder path = new StringBuilder();
            for (Point point : line.points()) {
                path.append(String.format(
                        Locale.ROOT,
                        "%s%.1f %.1f ",
                        path.length() == 0 ? "M" : "L",
                        x.at(point.x()),
                        y.at(point.y().median())));
                chart.line(
                        x.at(point.x()),
                        y.at(point.y().min()),
                        x.at(point.x()),
                        y.at(point.y().max()),
                        colour,
                        1);
                chart.add(
                        "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3.2\" fill=\"%s\"/>",
                        x.at(point.x()), y.at(point.y().median()), colour);
            }
            chart.add(
                    "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"%s/>",
                    path.toString().strip(),
                    colour,
                    width,
                    line.name().equals(Peer.BOUND) ? " stroke-dasharray=\"6 4\"" : "");
            if (model != null && line.name().equals(Peer.PARLEY)) {
                Growth.of(model, line.points()).ifPresent(growth -> chart.fitted(growth, x, y, xs, colour));
            }
            double at = y.at(end(line).y().median());
            named = Math.max(named + 17, at);
            chart.line(x.at(end(line).x()) + 5, at, right + 20, named, colour, 0.6);
            chart.text(
                    right + 24,
                    named + 4,
                    "start",
                    13,
                    colour,
                    weight(line.name()),
                    line.name() + " " + Metric.format(end(line).y().median()));
        }
        return chart.end();
    }

    private void fitted(Growth growth, Scale x, Scale y, double[] xs, String colour) {
        int steps = 60;
        StringBuilder path = new StringBuilder();
        for (int i = 0; i <= steps; i++) {
            double place = xs[0] * Math.pow(xs[xs.length - 1] / xs[0], (double) i / steps);
            path.append(String.format(
                    Locale.ROOT, "%s%.1f %.1f ", i == 0 ? "M" : "L", x.at(place), y.at(growth.at(place))));
        }
        add(
                "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.2\" stroke-dasharray=\"1 4\"/>",
                path.toString().strip(), colour);
    }

    /** A round value, without zeros that say nothing. */
    private static String tick(double value) {
        String text = Metric.format(value);
        return text.contains(".") ? text.replaceAll("\\.?0+$", "") : text;
    }

    private static Point end(Series line) {
        return line.points().get(line.points().size() - 1);
    }

    private static String weight(String name) {
        return name.equals(Peer.PARLEY) ? "700" : "400";
    }

    /** The same colour for a name in every chart. */
    private static String colour(String name) {
        return OWN.getOrDefault(name, OTHERS[Math.floorMod(PEERS.indexOf(name), OTHERS.length)]);
    }

    private void line(double x1, double y1, double x2, double y2, String colour, double width) {
        add(
                "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
                x1, y1, x2, y2, colour, width);
    }

    private void text(double x, double y, String anchor, int size, String colour, String weight, String text) {
        add(
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" font-size=\"%d\" fill=\"%s\""
                        + " font-weight=\"%s\">%s</text>",
                x,
                y,
                anchor,
                size,
                colour,
                weight,
                text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"));
    }

    private void add(String format, Object... values) {
        svg.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    private String end() {
        return svg.append("</svg>\n").toString();
    }
}
