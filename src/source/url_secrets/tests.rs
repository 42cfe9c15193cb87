//! URLs without their secrets.

use super::*;

fn path(url: &str) -> Option<String> {
    redact(url.as_bytes()).map(|redacted| String::from_utf8(redacted.path).unwrap())
}

#[test]
fn secrets_are_left_out() {
    for (url, expected) in [
        (
            "https://b.s3.amazonaws.com/a.jpg?X-Amz-Algorithm=AWS4&X-Amz-Credential=SECRET&X-Amz-Date=1&X-Amz-Expires=9&X-Amz-SignedHeaders=host&X-Amz-Signature=SECRET&X-Amz-Security-Token=SECRET",
            "https://b.s3.amazonaws.com/a.jpg",
        ),
        ("https://h/a.jpg?versionId=7&x%2Damz%2Dsignature=SECRET", "https://h/a.jpg?versionId=7"),
        ("https://h/a.jpg?e=1790000001&token=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?auth_key=1790000001-0-0-SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?AWSAccessKeyId=SECRET&Signature=SECRET&Expires=1", "https://h/a.jpg"),
        (
            "https://storage.googleapis.com/b/a.jpg?X-Goog-Signature=SECRET&generation=3",
            "https://storage.googleapis.com/b/a.jpg?generation=3",
        ),
        ("https://h/b/a.jpg?GoogleAccessId=SECRET&Expires=1&Signature=SECRET", "https://h/b/a.jpg"),
        (
            "https://x.blob.core.windows.net/c/a.jpg?sv=1&st=2&se=3&sr=b&sp=r&sig=SECRET&snapshot=5",
            "https://x.blob.core.windows.net/c/a.jpg?snapshot=5",
        ),
        (
            "https://d.cloudfront.net/a.jpg?Policy=SECRET&Signature=SECRET&Key-Pair-Id=SECRET",
            "https://d.cloudfront.net/a.jpg",
        ),
        (
            "https://h/a.jpg?OSSAccessKeyId=SECRET&Expires=1&Signature=SECRET&x-oss-process=image/resize",
            "https://h/a.jpg?x-oss-process=image/resize",
        ),
        ("https://h/a.jpg?id=1&token=SECRET&expires=1&page=2", "https://h/a.jpg?id=1&page=2"),
        ("https://h/a.jpg?ACCESS_TOKEN=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?sas=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?wsSecret=SECRET&wsTime=1790000001&id=2", "https://h/a.jpg?id=2"),
        ("https://h/a.jpg?txSecret=SECRET&txTime=1", "https://h/a.jpg"),
        ("https://h/a.jpg?private_key=SECRET&shareKey=SECRET&sign-key=SECRET&cf_sign=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?awssig=SECRET&x-api-key=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?sgn=SECRET&exp=1&id=2", "https://h/a.jpg?id=2"),
        ("https://h/a.jpg?tk=SECRET&tok=SECRET&dl_tk=SECRET&url-sgn=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?otp=SECRET&totp=SECRET&sms_otp=SECRET&userPasswd=SECRET&pass-code=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?api_key=SECRET#top", "https://h/a.jpg#top"),
        ("https://h/a.jpg#access_token=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?x_auth_token=SECRET&sig[]=SECRET&X-Tos-Signature=SECRET", "https://h/a.jpg"),
        (
            "https://h/proxy?w=9&url=https%3A%2F%2Fb%2Fa.jpg%3Fv%3D1%26sig%3DSECRET",
            "https://h/proxy?w=9&url=https%3A%2F%2Fb%2Fa.jpg%3Fv%3D1",
        ),
        ("https://h/proxy?url=https://me:SECRET@b/a.jpg", "https://h/proxy?url=https%3A%2F%2Fb%2Fa.jpg"),
        ("https://me:SECRET@h/a.jpg?x=1", "https://h/a.jpg?x=1"),
        ("s3://b/a.jpg?token=SECRET", "s3://b/a.jpg"),
        ("https://h/a.jpg;sig=SECRET", "https://h/a.jpg"),
        ("https://h/a;v=1;token=SECRET/b.jpg;exp=2?x=1", "https://h/a;v=1/b.jpg;exp=2?x=1"),
        ("//h/a.jpg?sig=SECRET&id=1", "//h/a.jpg?id=1"),
        ("//h/a.jpg;signature=SECRET", "//h/a.jpg"),
        ("https://h/v1/a.jpg?temp_url_sig=SECRET&temp_url_expires=1&id=2", "https://h/v1/a.jpg?id=2"),
        ("https://f.backblazeb2.com/file/b/a.jpg?X-Bz-Authorization=SECRET", "https://f.backblazeb2.com/file/b/a.jpg"),
        ("https://h/a.jpg?md5=SECRET&expires=1&id=2", "https://h/a.jpg?id=2"),
        (
            "https://ik.imagekit.io/x/a.jpg?tr=w-300&ik-t=1795986930&ik-s=SECRET",
            "https://ik.imagekit.io/x/a.jpg?tr=w-300",
        ),
        ("https://files.slack.com/a.jpg?t=xoxe-SECRET", "https://files.slack.com/a.jpg"),
        ("https://h/a.jpg?st=SECRET&e=1", "https://h/a.jpg"),
        ("https://h/a.jpg??sig=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?a=1;X-Amz-Signature=SECRET", "https://h/a.jpg?a=1"),
        ("https://h/a.jpg?a=1;sig=SECRET;b=2&c=3;d", "https://h/a.jpg?a=1;b=2&c=3;d"),
        ("https://h/a.jpg?a=1&amp;sig=SECRET", "https://h/a.jpg?a=1"),
        ("https://h/a.jpg?a=1&amp;token=SECRET&amp;b=2", "https://h/a.jpg?a=1&amp;b=2"),
        ("https://h/a.jpg?sig=SECRET;SECRET&id=1", "https://h/a.jpg?id=1"),
        ("https://h/a.jpg?a=1;sig=SECRET&se=SECRET&;b=2", "https://h/a.jpg?a=1&;b=2"),
        ("https://h/a.jpg#top;access_token=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg?a=1?X-Amz-Signature=SECRET", "https://h/a.jpg?a=1"),
        ("https://h/a.jpg?a=1&%09sig=SECRET&%00token=SECRET", "https://h/a.jpg?a=1"),
        ("https://h/a.jpg?id=1&a=1%26X-Amz-Signature%3DSECRET", "https://h/a.jpg?id=1"),
        ("https://res.cloudinary.com/a.jpg?__cld_token__=exp=1~hmac=SECRET", "https://res.cloudinary.com/a.jpg"),
        ("https://scontent.fbcdn.net/a.jpg?oh=SECRET&oe=SECRET&ccb=1", "https://scontent.fbcdn.net/a.jpg?ccb=1"),
        ("https://h/a.jpg?_upt=SECRET&urlsig=SECRET&Signature2=SECRET", "https://h/a.jpg"),
        ("https://h/a.jpg;jsessionid=SECRET?page=1", "https://h/a.jpg?page=1"),
        ("https://h/a.jpg?sessiontoken=SECRET&x-session-token=SECRET", "https://h/a.jpg"),
        // The rest of a URL that was taken for the path of a file.
        ("https:/h/a.jpg?sig=SECRET&v=1", "https:/h/a.jpg?v=1"),
        ("HTTP:\\\\h\\a.jpg?token=SECRET", "HTTP:\\\\h\\a.jpg"),
        ("https:\\h\\a.jpg?X-Amz-Signature=SECRET", "https:\\h\\a.jpg"),
        ("https://cdn.discordapp.com/a.png?ex=SECRET&is=SECRET&hm=SECRET&", "https://cdn.discordapp.com/a.png?"),
    ] {
        assert_eq!(path(url).as_deref(), Some(expected), "{url}");
        let redacted = redact(url.as_bytes()).unwrap();
        assert!(!format!("{redacted:?}").contains("SECRET"), "{url}");
        assert_eq!(redacted.address.as_ref().map(Address::as_str), Some(url));
        assert!(!without_secrets(url).contains("SECRET"), "{url}");
    }
}

#[test]
fn parameters_that_distinguish_files_are_kept() {
    for url in [
        "https://h/a.jpg",
        "https://h/a.jpg?id=1",
        "https://h/a.jpg?versionId=7&se=north&sp=2&sr=1&exp=3&expires=4",
        "https://h/a@b.jpg?mail=a@b",
        "https://h/?is=1&ex=2",
        "https://h/?md5=1&hash=2&secure=3",
        "https://h/?st=1",
        "https://h/?e=1&sign_off=2&config=3",
        "https://h/?disco=1&ptk=2&stok=3&spin=4&pinned=5",
        "scans/a.jpg?token=1",
        "//server/share/a.jpg",
        "//server/share/a@b;c=1.jpg?key=1",
        "https://h/a;v=1/b;c.jpg",
        "https://h/a.jpg?a=1;b=2&c;;d=3&amp;e=4",
        "https://h/a.jpg?a=1?b=2&oh=3&q=x%26y%3D1",
        "a b://c?token=1",
        "c:/scans/a.jpg?token=1",
        "scan:\\a.jpg?token=1",
        "",
    ] {
        assert_eq!(path(url), None, "{url}");
    }
    let digests = |url: &str| redact(url.as_bytes()).unwrap().with_digests;
    assert_ne!(digests("https://h/a?x=1;token=one"), digests("https://h/a?x=1;token=other"));
    // A name or a secret: neither shown nor ignored.
    // imgix signs with `s`; elsewhere it is the digest of a file, as a token of a page is a place in a list.
    for (url, kept) in [
        ("https://h/a.jpg?w=9&s=0123456789abcdef0123456789ABCDEF", "https://h/a.jpg?w=9&s=~"),
        ("https://h/a.jpg?pagetoken=SECRET", "https://h/a.jpg?pagetoken=~"),
        ("https://h/parcel?pin=SECRET", "https://h/parcel?pin=~"),
        ("https://h/parcel?pinCode=SECRET", "https://h/parcel?pinCode=~"),
    ] {
        assert!(path(url).is_some_and(|path| path.starts_with(kept)), "{url}");
    }
    // Names that look like those of signatures or of their limits, and hold ids.
    for (one, other) in [
        ("https://h/d?email_signature=7", "https://h/d?email_signature=9"),
        ("https://h/d?signature_id=17", "https://h/d?signature_id=18"),
        ("https://h/d?essig=1", "https://h/d?essig=2"),
        ("https://h/d?policy=4711&token=SECRET", "https://h/d?policy=4712&token=SECRET"),
        ("https://h/d?e=1&token=SECRET", "https://h/d?e=3&token=SECRET"),
        ("https://h/d?exp=a&token=SECRET", "https://h/d?exp=b&token=SECRET"),
        ("https://h/d?x-amz-meta-id=1", "https://h/d?x-amz-meta-id=2"),
        ("https://h/d?x-goog-generation=1", "https://h/d?x-goog-generation=2"),
    ] {
        let shown = |url: &str| path(url).unwrap_or_else(|| url.to_owned());
        assert_ne!(shown(one), shown(other));
    }
    let (one, other) = (path("https://h/get?key=one.jpg"), path("https://h/get?key=other.jpg"));
    assert!(one.is_some() && one != other && !one.unwrap().contains("one.jpg"));
}

#[test]
fn urls_within_text_lose_their_secrets() {
    for (text, expected) in [
        ("text see https://h/p?token=SECRET there", "text see https://h/p there"),
        ("[\"https://h/p?sig=SECRET\", 1]", "[\"https://h/p\", 1]"),
        ("(https://h/p?id=1&sig=SECRET", "(https://h/p?id=1"),
        ("see \"//h/p?sig=SECRET\" or https://h/p;sig=SECRET", "see \"//h/p\" or https://h/p"),
        (
            "(cdn.example.com:8443/a/p.jpg?id=1&X-Amz-Signature=0123456789abcdef0123456789abcdef there",
            "(cdn.example.com:8443/a/p.jpg?id=1 there",
        ),
        ("acct.blob.core.windows.net/c/p.jpg?sig=aVlrw%2Fq0Zk8PO3x1x%2Bw", "acct.blob.core.windows.net/c/p.jpg"),
        ("https://h/my scan.jpg?id=1&sig=SECRET", "https://h/my scan.jpg?id=1"),
        ("minio:9000/b/x.pdf?X-Amz-Signature=0123456789abcdef0123", "minio:9000/b/x.pdf"),
        ("10.0.0.5/b/x.pdf?X-Amz-Signature=0123456789abcdef0123", "10.0.0.5/b/x.pdf"),
        ("b\u{fc}cher.example/x?token=0123456789abcdef0123", "b\u{fc}cher.example/x"),
        ("my_host.example?token=0123456789abcdef0123", "my_host.example"),
        ("https%3A%2F%2Fh%2Fa.jpg%3Fsig%3DSECRET%26v%3D1", "https%3A%2F%2Fh%2Fa.jpg%3Fv%3D1"),
        // Flags.
        ("https://h/p?token", "https://h/p?token"),
        ("https://h/p#sign", "https://h/p#sign"),
        ("https://h/p;pass/x", "https://h/p;pass/x"),
        // Without a scheme it may be any text.
        ("acme.com/form?signature=missing", "acme.com/form?signature=missing"),
        ("scans/p.jpg?token=0123456789abcdef0123456789abcdef", "scans/p.jpg?token=0123456789abcdef0123456789abcdef"),
        ("n/a?signature=missing", "n/a?signature=missing"),
        ("2024/05/scan?sig=JS.png", "2024/05/scan?sig=JS.png"),
        ("no url, token=1", "no url, token=1"),
        ("a://b?c=1  d", "a://b?c=1  d"),
        ("", ""),
    ] {
        assert_eq!(without_secrets(text), expected);
    }
}

#[test]
fn tokens_that_distinguish_files_are_shown_as_digests() {
    let urls = [
        "https://h/get?token=A",
        "https://h/get?token=B",
        "https://h/b.jpg?token=C",
        "https://h/b.jpg?token=C",
        "https://h/c?token=D",
    ];
    let clashes = TokenClashes::find(urls.iter().map(|url| url.as_bytes().to_vec()));
    let paths: Vec<String> =
        urls.iter().map(|url| String::from_utf8(clashes.path_of(&redact(url.as_bytes()).unwrap())).unwrap()).collect();
    assert!(paths[0].starts_with("https://h/get?token=~") && paths[0] != paths[1], "{paths:?}");
    assert_eq!(paths[2..], ["https://h/b.jpg", "https://h/b.jpg", "https://h/c"]);
}

/// On other servers these sign a URL.
#[test]
fn digests_and_numbers_that_alone_distinguish_files_are_kept_as_digests() {
    for urls in [
        ["https://h/scan?st=12&e=3", "https://h/scan?st=12&e=4"],
        ["https://h/f?hash=A&exp=1", "https://h/f?hash=B&exp=1"],
    ] {
        let clashes = TokenClashes::find(urls.iter().map(|url| url.as_bytes().to_vec()));
        let [first, second] = urls.map(|url| clashes.path_of(&redact(url.as_bytes()).unwrap()));
        assert_ne!(first, second, "{urls:?}");
    }
}

#[test]
fn what_is_not_written_as_a_url_loses_its_secrets_too() {
    for (text, expected) in [
        ("\"https://h/p?sig=SECRET\"", Some("\"https://h/p")),
        ("<https://h/p?X-Amz-Signature=SECRET>", Some("<https://h/p")),
        ("[https://user:SECRET@h/p]", Some("[https://h/p]")),
        ("(https://h/p?id=1&X-Amz-Signature=SECRET)", Some("(https://h/p?id=1")),
        ("url:https://h/p?X-Amz-Signature=SECRET", Some("url:https://h/p")),
        ("=https://h/p?X-Amz-Signature=SECRET", Some("=https://h/p")),
        ("http ://h/p?X-Amz-Signature=SECRET", Some("http ://h/p")),
        ("b.s3.amazonaws.com/k?X-Amz-Signature=SECRET", Some("b.s3.amazonaws.com/k")),
        ("a.jpg?v=1&X-Amz-Signature=SEC RET", Some("a.jpg?v=1")),
        ("https%3A%2F%2Fh%2Fp%3FX-Amz-Signature%3DSECRET", Some("https%3A%2F%2Fh%2Fp")),
        ("scans/a.jpg?v=1", None),
        ("a%3Fb=1.jpg", None),
        ("\"https://h/p\"", None),
        ("", None),
    ] {
        let found = not_a_url_without_secrets(text.as_bytes()).map(|found| String::from_utf8(found).unwrap());
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}
