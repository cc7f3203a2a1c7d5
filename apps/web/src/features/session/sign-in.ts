import { signIn as signInWith } from "next-auth/react";

const REFUSED = "This e-mail address and password do not belong together.";

/** Signs in; returns the sentence that says why not, or null. */
export async function signIn(email: string, password: string): Promise<string | null> {
  try {
    const result = await signInWith("credentials", { email, password, redirect: false });
    if (!result) return "Windlass cannot be reached. Try again in a moment.";
    if (result.error) return result.error === "CredentialsSignin" ? REFUSED : result.error;
    return result.ok ? null : REFUSED;
  } catch {
    return "Windlass cannot be reached. Look at your connection and try again.";
  }
}
