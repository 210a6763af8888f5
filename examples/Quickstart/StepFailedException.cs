namespace Quickstart;

/// <summary>A step did not hold; it has been printed already.</summary>
internal sealed class StepFailedException(string step, Exception innerException)
    : Exception($"The step '{step}' failed.", innerException);
