package example;

import jakarta.ws.rs.ApplicationPath;
import jakarta.ws.rs.core.Application;

/** The resources of this application are below {@code /api}. */
@ApplicationPath("/api")
public class NewsApplication extends Application {}
