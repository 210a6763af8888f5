using Npgsql;
using Xtmp.Protocol;

namespace Xtmp.Storage;

/// <summary>What Npgsql and the server report as the errors a person can act on. No password and no value of a row is in them.</summary>
internal static class PostgresErrors
{
    private const string OutcomeUnknown = " The outcome of that commit is unknown.";

    /// <summary>True where the error means that the transaction lost against another one, and nothing of it is stored.</summary>
    public static bool IsLost(Exception error) => error is PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected };

    /// <summary>
    /// True where the server itself refused a statement and the session goes on: nothing of the transaction is stored.
    /// Everything else, met while a commit was on its way, leaves its outcome open.
    /// </summary>
    public static bool IsRefusal(Exception error) => error is PostgresException { InvariantSeverity: "ERROR" };

    /// <summary>True for what Npgsql throws when the server cannot be used, as opposed to a bug here.</summary>
    public static bool IsExpected(Exception error) => error is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException;

    public static XtmpException Create(string place, Exception error, bool isOutcomeUnknown = false)
    {
        var (text, retryable) = error switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification } => ("does not accept this user or password", false),
            PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } => ("does not exist; create it and start again", false),
            PostgresException { SqlState: PostgresErrorCodes.InsufficientPrivilege } => ("does not allow this user to do that", false),
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } => ("has no room left", true),
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => ("has no connection left", true),
            PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => ("kept preferring other transactions", true),
            PostgresException { SqlState: PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted } => ("is damaged; restore it from a backup", false),
            PostgresException { SqlState: ['5', '7', 'P', ..] } => ("is being shut down or started", true),
            PostgresException refused => ($"refused a statement ({refused.SqlState}: {refused.MessageText})", false),
            { InnerException: TimeoutException } or TimeoutException => ("did not answer in time", true),
            _ => ("cannot be reached", true),
        };
        return new XtmpException(
            error is PostgresException { SqlState: PostgresErrorCodes.DiskFull } ? XtmpErrorCode.StorageFull : XtmpErrorCode.StorageUnavailable,
            Fault.Local,
            $"The PostgreSQL database '{place}' {text}.{(isOutcomeUnknown ? OutcomeUnknown : "")}",
            retryable: retryable || isOutcomeUnknown,
            innerException: error);
    }

    public static XtmpException Closed(string place) =>
        new(XtmpErrorCode.StorageUnavailable, Fault.Local, $"The PostgreSQL store '{place}' is closed.", retryable: true);
}
