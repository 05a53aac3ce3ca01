package example;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import parley.api.Admitter;
import parley.api.Rights;

/** Lets in the users who have logged in, under their names; guests may read the news. */
public final class LoginAdmitter implements Admitter {
    @Override
    public Decision admit(HttpServletRequest request) {
        HttpSession session = request.getSession(false);
        Object user = session == null ? null : session.getAttribute("user");
        if ("trouble".equals(user)) {
            throw new IllegalStateException("the users cannot be looked up");
        }
        if (user != null) {
            return Admitter.enter(Rights.of(user.toString()));
        }
        return request.getRequestURI().endsWith("/chat/news")
                ? Admitter.enter(Rights.of("guest").in("news").readOnly())
                : Admitter.refuse("log in first, at /login");
    }
}
